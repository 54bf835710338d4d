// The network of the apps and of the private endpoint of their Redis.
param name string
param location string

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.64.0.0/16'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.64.0.0/23'
          delegations: [{ name: 'apps', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      { name: 'data', properties: { addressPrefix: '10.64.2.0/27' } }
    ]
  }
}

output networkId string = network.id
output appsSubnetId string = network.properties.subnets[0].id
output dataSubnetId string = network.properties.subnets[1].id
