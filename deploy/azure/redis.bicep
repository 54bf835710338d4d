// Azure Managed Redis: TLS only, Entra ID only, nothing evicted, an append-only file; reached through a private endpoint.
param name string
param location string
param sku string

@description('Object id of the identity that may use it.')
param principalId string

@description('Whether it has a public address instead of a private endpoint.')
param isPublic bool
param subnetId string
param networkId string

resource redis 'Microsoft.Cache/redisEnterprise@2025-07-01' = {
  name: name
  location: location
  sku: { name: sku }
  properties: {
    highAvailability: 'Enabled'
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
  }
}

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-07-01' = {
  parent: redis
  name: 'default'
  properties: {
    clientProtocol: 'Encrypted'
    port: 10000
    // The keys of one script share a hash tag, so that the queues spread over the shards.
    clusteringPolicy: 'OSSCluster'
    // Its default would drop jobs when memory is short.
    evictionPolicy: 'NoEviction'
    persistence: { aofEnabled: true, aofFrequency: '1s', rdbEnabled: false }
    accessKeysAuthentication: 'Disabled'
  }
}

resource access 'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments@2025-07-01' = {
  parent: database
  name: 'aiplatform'
  properties: {
    accessPolicyName: 'default'
    user: { objectId: principalId }
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = if (!isPublic) {
  name: 'pe-${name}'
  location: location
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'redis', properties: { privateLinkServiceId: redis.id, groupIds: ['redisEnterprise'] } }
    ]
  }
  // An endpoint is refused while the database is being made.
  dependsOn: [database]
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = if (!isPublic) {
  name: 'privatelink.redis.azure.net'
  location: 'global'
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = if (!isPublic) {
  parent: zone
  name: 'apps'
  location: 'global'
  properties: { virtualNetwork: { id: networkId }, registrationEnabled: false }
}

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = if (!isPublic) {
  parent: endpoint
  name: 'redis'
  properties: { privateDnsZoneConfigs: [{ name: 'redis', properties: { privateDnsZoneId: zone.id } }] }
}

output address string = '${redis.properties.hostName}:${database.properties.port}'
