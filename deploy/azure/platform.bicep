// What the system stands on: identity, registry, logs, Container Apps environment; then Redis and the two apps in their modules.
param environmentName string
param location string
@secure()
param operatorKeySha256 string
@secure()
param scalerKey string
@secure()
param scalerKeySha256 string
param gpuProfile string
param minWorkers int
param maxWorkers int
param redisSku string
param redisPublic bool
param otlpEndpoint string
param gatewaySettings { name: string, value: string }[]
param gatewayImage string
param inferenceImage string

var suffix = uniqueString(subscription().id, resourceGroup().id)
var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

// Both apps pull their images and sign in to Redis as this identity.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${environmentName}'
  location: location
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'acr${suffix}'
  location: location
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, acrPull)
  scope: registry
  properties: { principalId: identity.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: acrPull }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-${environmentName}'
  location: location
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: 30 }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${environmentName}'
  location: location
  kind: 'web'
  properties: { Application_Type: 'web', WorkspaceResourceId: logs.id }
}

module network 'network.bicep' = {
  params: { name: 'vnet-${environmentName}', location: location }
}

// Its own OpenTelemetry collector gives both apps OTEL_EXPORTER_OTLP_ENDPOINT. It brings traces and logs to Application Insights, which
// takes no metrics from it. Where otlpEndpoint is given, the apps go there instead.
resource environment 'Microsoft.App/managedEnvironments@2024-10-02-preview' = {
  name: 'cae-${environmentName}'
  location: location
  properties: {
    vnetConfiguration: { infrastructureSubnetId: network.outputs.appsSubnetId, internal: false }
    appInsightsConfiguration: empty(otlpEndpoint) ? { connectionString: insights.properties.ConnectionString } : null
    openTelemetryConfiguration: empty(otlpEndpoint)
      ? {
          tracesConfiguration: { destinations: ['appInsights'] }
          logsConfiguration: { destinations: ['appInsights'] }
        }
      : null
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: { customerId: logs.properties.customerId, sharedKey: logs.listKeys().primarySharedKey }
    }
    workloadProfiles: concat(
      [{ name: 'Consumption', workloadProfileType: 'Consumption' }],
      empty(gpuProfile) ? [] : [{ name: 'gpu', workloadProfileType: gpuProfile }]
    )
  }
}

module redis 'redis.bicep' = {
  params: {
    name: 'redis-${suffix}'
    location: location
    sku: redisSku
    principalId: identity.properties.principalId
    isPublic: redisPublic
    subnetId: network.outputs.dataSubnetId
    networkId: network.outputs.networkId
  }
}

// What both programs are told. They reach Redis with TLS, and a token of the identity instead of a password.
var commonSettings = concat(
  [
    { name: 'ConnectionStrings__redis', value: '${redis.outputs.address},ssl=true' }
    { name: 'Redis__EntraUser', value: identity.properties.principalId }
    { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
  ],
  empty(otlpEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint }]
)

module gateway 'gateway.bicep' = {
  params: {
    location: location
    environmentId: environment.id
    identityId: identity.id
    registryServer: registry.properties.loginServer
    image: gatewayImage
    settings: concat(commonSettings, gatewaySettings)
    operatorKeySha256: operatorKeySha256
    scalerKeySha256: scalerKeySha256
  }
  dependsOn: [pull]
}

module inference 'inference.bicep' = {
  params: {
    location: location
    environmentId: environment.id
    identityId: identity.id
    registryServer: registry.properties.loginServer
    image: inferenceImage
    settings: commonSettings
    gatewayUrl: gateway.outputs.url
    scalerKey: scalerKey
    gpu: !empty(gpuProfile)
    minReplicas: minWorkers
    maxReplicas: maxWorkers
  }
  dependsOn: [pull]
}

output registryEndpoint string = registry.properties.loginServer
output gatewayUrl string = gateway.outputs.url
