using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Hosting.Keys;

/// <summary>
/// The SHA-256 of a key, as the Gateway is given it: 64 hexadecimal digits. It is computed when the Gateway starts, because the key may
/// be asked for only then.
/// </summary>
internal sealed class KeyHash(ParameterResource key) : IValueProvider, IManifestExpressionProvider, IValueWithReferences
{
    public string ValueExpression => $"{{{NameOf(key)}.value}}";

    IEnumerable<object> IValueWithReferences.References => [key];

    /// <summary>The parameter that has the hash in a deployment, in which nothing can compute it.</summary>
    public static string NameOf(ParameterResource key) => $"{key.Name}-sha256";

    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
        Of(key, await key.GetValueAsync(cancellationToken).ConfigureAwait(false));

    /// <exception cref="DistributedApplicationException">It is no key: empty, or not what a header can carry.</exception>
    public static string Of(ParameterResource key, string? value)
    {
        if (string.IsNullOrEmpty(value) || value.Any(one => one is <= ' ' or > '~' or ';'))
        {
            throw new DistributedApplicationException(
                $"The parameter {key.Name} is no API key: it must have at least one character, and only printable ASCII without spaces "
                + "and semicolons. './ai key new' makes one.");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));
    }
}
