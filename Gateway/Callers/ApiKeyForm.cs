using System.Text.RegularExpressions;

namespace AiPlatform.Gateway.Callers;

/// <summary>The names and forms in the section <c>ApiKeys</c>: what <see cref="KeyCommand"/> writes, and the Gateway reads.</summary>
internal static partial class ApiKeyForm
{
    public const string SectionName = "ApiKeys";

    public const string HashName = "Sha256";
    public const string ExpiryName = "ExpiresAt";
    public const string RoleName = "Role";
    public const string KeysName = "Keys";
    public const string LimitsName = "Limits";
    public const string User = "user";
    public const string Operator = "operator";

    /// <summary>The form of the time at which a key expires.</summary>
    public const string ExpiryForm = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>What <see cref="TenantName"/> matches, in words.</summary>
    public const string TenantNameRule = "A tenant's name has 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'";

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    public static partial Regex TenantName { get; }
}
