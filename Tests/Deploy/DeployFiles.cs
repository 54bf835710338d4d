using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace AiPlatform.Tests.Deploy;

/// <summary>Reads the files of <c>deploy/</c>, and the settings in docs/settings.md.</summary>
internal static partial class DeployFiles
{
    [GeneratedRegex(@"^\| (`.*?) \|", RegexOptions.Multiline)]
    private static partial Regex TableKey { get; }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted { get; }

    public static string Folder { get; } = Path.Combine(Checkout.Root, "deploy");

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Folder, .. path]));

    public static Dictionary<object, object?> Yaml(string text) =>
        new DeserializerBuilder().Build().Deserialize<Dictionary<object, object?>>(text);

    /// <summary>The value at a path of keys.</summary>
    public static T At<T>(object? node, params string[] path) =>
        path.Length == 0 ? (T)node! : At<T>(((Dictionary<object, object?>)node!)[path[0]], path[1..]);

    /// <summary>
    /// Whether docs/settings.md has an environment variable: <c>ApiKeys__operator__Role</c> is its <c>ApiKeys:{tenant}:Role</c>.
    /// </summary>
    public static bool IsSetting(string variable) => Settings.Any(setting => setting.IsMatch(variable));

    private static IReadOnlyList<Regex> Settings { get; } =
    [
        .. TableKey.Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "settings.md")))
            .SelectMany(row => Quoted.Matches(row.Groups[1].Value))
            .Select(name => new Regex($"^{Regex.Replace(Regex.Escape(name.Groups[1].Value).Replace(":", "__", StringComparison.Ordinal), @"\\\{\w+}", "[A-Za-z0-9_.-]+")}$")),
    ];
}
