using System.Reflection;

namespace AiPlatform.ServiceDefaults;

/// <summary>The version of the platform that this process was built from.</summary>
public static class ProductVersion
{
    /// <summary>
    /// A release's number and its commit, such as <c>1.2.0+8d29d7c…</c>; between two releases also how many commits it is beyond the last
    /// one, <c>1.2.1-alpha.0.3+8d29d7c…</c>. Sources without git know of no commit.
    /// </summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
