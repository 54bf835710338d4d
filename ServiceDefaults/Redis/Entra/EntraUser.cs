using Azure.Core;
using StackExchange.Redis.Configuration;

namespace AiPlatform.ServiceDefaults.Redis.Entra;

/// <summary>
/// Signs in to Azure Managed Redis as an identity of Entra ID: the object id is the user, and a token is the password. Every new connection
/// asks the credential for the current token. The credential caches it and renews it before it expires.
/// </summary>
/// <param name="credential">The identity.</param>
/// <param name="objectId">The identity's object id, which Redis knows.</param>
internal sealed class EntraUser(TokenCredential credential, string objectId) : DefaultOptionsProvider
{
    private static readonly TokenRequestContext Scope = new(["https://redis.azure.com/.default"]);

    public override string? User => objectId;

    public override string? Password => credential.GetToken(Scope, CancellationToken.None).Token;

    public async Task<string> TokenAsync(CancellationToken cancellationToken) =>
        (await credential.GetTokenAsync(Scope, cancellationToken)).Token;
}
