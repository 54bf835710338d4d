param location string
param environmentId string
param identityId string
param registryServer string
@description('Empty as long as azd has pushed none: then a page of Azure\'s stands in for it.')
param image string
param settings { name: string, value: string }[]
param gatewayUrl string
@secure()
param scalerKey string
@description('Whether the environment has the workload profile gpu.')
param gpu bool
param minReplicas int
param maxReplicas int

// A worker more for each 64 jobs, or for each 2 s that the oldest has waited, whichever makes more.
var targets = [
  { name: 'jobs', value: 'load.jobs', target: '64' }
  { name: 'age', value: 'load.oldest_ms', target: '2000' }
]

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: 'inference'
  location: location
  tags: { 'azd-service-name': 'inference' }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: gpu ? 'gpu' : 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registryServer, identity: identityId }]
      secrets: [{ name: 'scaler-key', value: scalerKey }]
    }
    template: {
      // Longer than a worker takes to finish what it runs (20 s) and to end (28 s).
      terminationGracePeriodSeconds: 35
      containers: [
        {
          name: 'inference'
          image: empty(image) ? 'mcr.microsoft.com/k8se/quickstart:latest' : image
          resources: gpu ? { cpu: json('8'), memory: '56Gi' } : { cpu: json('2'), memory: '4Gi' }
          env: concat(settings, [{ name: 'Models__Device', value: gpu ? 'cuda' : 'cpu' }])
          probes: empty(image)
            ? []
            : [
                // Until it first succeeds, the others are not asked: models may take minutes to load.
                { type: 'Startup', httpGet: { path: '/alive', port: 8080 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60 }
                { type: 'Readiness', httpGet: { path: '/health', port: 8080 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 }
                { type: 'Liveness', httpGet: { path: '/alive', port: 8080 }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 }
              ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        pollingInterval: 10
        cooldownPeriod: 300
        rules: [
          for item in targets: {
            name: item.name
            custom: {
              type: 'metrics-api'
              metadata: { url: '${gatewayUrl}/v1/queues', valueLocation: item.value, targetValue: item.target, authMode: 'bearer' }
              auth: [{ secretRef: 'scaler-key', triggerParameter: 'token' }]
            }
          }
        ]
      }
    }
  }
}
