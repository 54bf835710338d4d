using Azure.Core;

namespace AiPlatform.Tests.ServiceDefaults.Redis.Entra;

/// <summary>A credential whose token the test changes.</summary>
internal sealed class RotatedCredential : TokenCredential
{
    public required string Token { get; set; }

    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
    {
        if (requestContext.Scopes is not ["https://redis.azure.com/.default"]) throw new ArgumentException("These tokens are for Redis.", nameof(requestContext));
        return new AccessToken(Token, DateTimeOffset.MaxValue);
    }

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        new(GetToken(requestContext, cancellationToken));
}
