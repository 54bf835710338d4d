// Azure Managed Redis: TLS only, Entra ID only, nothing evicted, an append-only file.
param name string
param location string
param sku string

@description('Object id of the identity that may use it.')
param principalId string

resource redis 'Microsoft.Cache/redisEnterprise@2025-07-01' = {
  name: name
  location: location
  sku: { name: sku }
  properties: {
    highAvailability: 'Enabled'
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
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

output address string = '${redis.properties.hostName}:${database.properties.port}'
