targetScope = 'subscription'

@description('Name of the azd environment; part of the names of what is made.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Region. Azure Managed Redis and, for a GPU, its workload profile must be offered there.')
param location string

@description('SHA-256 of the operator\'s key, 64 hex digits. The Gateway refuses to listen without a key.')
@secure()
@minLength(64)
@maxLength(64)
param operatorKeySha256 string

@description('A key of its own for the autoscaler, which reads /v1/queues.')
@secure()
@minLength(32)
param scalerKey string

@description('SHA-256 of scalerKey, 64 hex digits.')
@secure()
@minLength(64)
@maxLength(64)
param scalerKeySha256 string

@description('Workload profile type of the workers\' GPU, such as Consumption-GPU-NC8as-T4 or Consumption-GPU-NC24-A100; empty: the CPU.')
param gpuProfile string = ''

@description('Least and most workers.')
@minValue(1)
param minWorkers int = 1
@minValue(1)
param maxWorkers int = 10

@description('Size of Azure Managed Redis.')
param redisSku string = 'Balanced_B1'

@description('Whether Redis has a public address. Otherwise only the virtual network of the apps reaches it.')
param redisPublic bool = false

@description('Where traces, metrics and logs go over OTLP, such as https://collector.example.com:4317; empty: traces and logs to Application Insights.')
param otlpEndpoint string = ''

@description('More settings of the Gateway by their names, such as Providers__openai__BaseUrl; no secrets.')
param gatewaySettings { name: string, value: string }[] = []

@description('Images; azd fills them in once it has pushed them.')
param gatewayImage string = ''
param inferenceImage string = ''

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: { 'azd-env-name': environmentName }
}

module platform 'platform.bicep' = {
  scope: group
  params: {
    environmentName: environmentName
    location: location
    operatorKeySha256: operatorKeySha256
    scalerKey: scalerKey
    scalerKeySha256: scalerKeySha256
    gpuProfile: gpuProfile
    minWorkers: minWorkers
    maxWorkers: maxWorkers
    redisSku: redisSku
    redisPublic: redisPublic
    otlpEndpoint: otlpEndpoint
    gatewaySettings: gatewaySettings
    gatewayImage: gatewayImage
    inferenceImage: inferenceImage
  }
}

output AZURE_CONTAINER_REGISTRY_ENDPOINT string = platform.outputs.registryEndpoint
output AZURE_RESOURCE_GROUP string = group.name
output GATEWAY_URL string = platform.outputs.gatewayUrl
