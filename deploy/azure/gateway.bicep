param location string
param environmentId string
param identityId string
param registryServer string
@description('Empty as long as azd has pushed none: then a page of Azure\'s stands in for it.')
param image string
param settings { name: string, value: string }[]
@secure()
param operatorKeySha256 string
@secure()
param scalerKeySha256 string

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: 'gateway'
  location: location
  tags: { 'azd-service-name': 'gateway' }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registryServer, identity: identityId }]
      ingress: { external: true, targetPort: 8080, transport: 'auto', allowInsecure: false }
      secrets: [
        { name: 'operator-key-sha256', value: operatorKeySha256 }
        { name: 'scaler-key-sha256', value: scalerKeySha256 }
      ]
    }
    template: {
      // Longer than a process takes to end (28 s).
      terminationGracePeriodSeconds: 35
      containers: [
        {
          name: 'gateway'
          image: empty(image) ? 'mcr.microsoft.com/k8se/quickstart:latest' : image
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: concat(settings, [
            { name: 'ApiKeys__operator__Sha256', secretRef: 'operator-key-sha256' }
            { name: 'ApiKeys__operator__Role', value: 'operator' }
            { name: 'ApiKeys__scaler__Sha256', secretRef: 'scaler-key-sha256' }
            { name: 'ApiKeys__scaler__Role', value: 'operator' }
          ])
          probes: empty(image)
            ? []
            : [
                { type: 'Startup', httpGet: { path: '/alive', port: 8080 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 60 }
                { type: 'Readiness', httpGet: { path: '/health', port: 8080 }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 }
                { type: 'Liveness', httpGet: { path: '/alive', port: 8080 }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 }
              ]
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 10
        rules: [{ name: 'http', http: { metadata: { concurrentRequests: '200' } } }]
      }
    }
  }
}

output url string = 'https://${app.properties.configuration.ingress.fqdn}'
