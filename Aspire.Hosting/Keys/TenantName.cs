using System.Text.RegularExpressions;

namespace AiPlatform.Hosting.Keys;

/// <summary>
/// The names that a tenant can have in an environment variable. The Gateway's <c>key new</c> has the same rule. It is written twice,
/// because this package comes without the Gateway; a test compares the two.
/// </summary>
internal static partial class TenantName
{
    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex Form { get; }

    /// <returns>Why a text is no tenant's name here; null when it is one.</returns>
    public static string? Problem(string tenant)
    {
        if (!Form.IsMatch(tenant)) return $"'{tenant}' is no tenant: it takes 1 to 64 characters of A-Z a-z 0-9 . _ -";
        return tenant.Contains("__", StringComparison.Ordinal) || tenant.EndsWith('_')
            ? $"'{tenant}' is no tenant here: with '__' in it, or '_' at its end, it cannot stand in an environment variable, where '__' "
                + "separates the parts of a setting."
            : null;
    }
}
