using System.Reflection;

namespace AiPlatform.ServiceDefaults;

/// <summary>The version of the platform that this process was built from.</summary>
public static class ProductVersion
{
    /// <summary>
    /// The number of the release and the commit, such as <c>1.2.0+8d29d7c…</c>. Between two releases it also has the number of commits
    /// since the last one: <c>1.2.1-alpha.0.3+8d29d7c…</c>. Sources without git have no commit.
    /// </summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
