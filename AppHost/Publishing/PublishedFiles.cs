using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AiPlatform.AppHost.Publishing;

/// <summary>
/// Copies of the files in <c>deploy/</c>, with what the model says: how many run, on which device, from which images, with which providers.
/// Secrets are not among it: their places are empty, and say what belongs there.
/// </summary>
/// <param name="facts">What the model says.</param>
/// <param name="folder">Where they go.</param>
internal sealed partial class PublishedFiles(ModelFacts facts, string folder)
{
    private const string Note = "# Written by AppHost from the model; publish again instead of changing it.";

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly HostSettings _settings = facts.Settings;

    [GeneratedRegex(@"\A[A-Za-z0-9_./:@,=+-]*\z")]
    private static partial Regex Plain { get; }

    private string Deploy => Path.Combine(_settings.Repository, "deploy");

    /// <summary>
    /// Docker Compose. The Gateway has one replica here, because it has a port of the host.
    /// </summary>
    public void WriteCompose()
    {
        Copy("monitoring");
        Copy("compose");
        var example = Path.Combine(folder, "compose", ".env.example");
        var text = File.ReadAllText(example);
        File.Delete(example);
        foreach (var (name, value) in ComposeVariables()) text = SetVariable(text, name, value);
        Write($"{Note}\n{text}", "compose", ".env");

        var lines = new StringBuilder($"{Note}\n");
        foreach (var (name, value) in facts.GatewaySettings) lines.Append(Line(name, value));
        foreach (var (name, parameter) in facts.GatewaySecrets)
            lines.Append(Invariant($"# The parameter {parameter.Name}.\n{Line(name, "")}"));
        Write($"{lines}", "compose", "gateway.env");
    }

    /// <summary>The chart, and values of the model for it: <c>helm install ai helm -f helm/values.model.yaml</c>.</summary>
    public void WriteHelm()
    {
        Copy("helm");
        var text = new StringBuilder($"{Note}\n");
        text.Append("gateway:\n").Append(Invariant($"  replicas: {_settings.Gateways}\n"));
        if (_settings.GatewayImage is { } gateway) text.Append(Invariant($"  image: {Quoted(gateway)}\n"));
        if (facts.GatewaySettings.Count > 0) text.Append("  env:\n");
        foreach (var (name, value) in facts.GatewaySettings) text.Append(Invariant($"    {name}: {Quoted(value)}\n"));
        if (facts.GatewaySecrets.Count > 0)
        {
            text.Append("  # Make this Secret, with the keys ")
                .Append(string.Join(", ", facts.GatewaySecrets.Select(secret => secret.Name))).Append(".\n")
                .Append("  envFromSecret: aiplatform-gateway\n");
        }

        text.Append("inference:\n").Append(Invariant($"  replicas: {_settings.Workers}\n"));
        if (_settings.WorkerImage is { } worker) text.Append(Invariant($"  image: {Quoted(worker)}\n"));
        if (facts.HasGpu) text.Append("  gpus: 1\n");
        if (_settings.OtlpEndpoint is { } endpoint) text.Append(Invariant($"otlpEndpoint: {Quoted(endpoint)}\n"));
        Write($"{text}", "helm", "values.model.yaml");
    }

    /// <summary>azd's files. It builds the images from the checkout, to which <c>azure.yaml</c> leads.</summary>
    public void WriteAzure()
    {
        Copy("azure");
        var parameters = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "azure", "main.parameters.json")))!;
        var values = parameters["parameters"]!;
        values["minWorkers"]!["value"] = Invariant($"${{MIN_WORKERS={_settings.Workers}}}");
        if (_settings.Workers > 10) values["maxWorkers"]!["value"] = Invariant($"${{MAX_WORKERS={_settings.Workers}}}");
        if (_settings.OtlpEndpoint is { } endpoint) values["otlpEndpoint"]!["value"] = $"${{OTLP_ENDPOINT={endpoint}}}";
        values["gatewaySettings"]!["value"] = new JsonArray(
            [.. facts.GatewaySettings.Select(one => new JsonObject { ["name"] = one.Name, ["value"] = one.Value })]);
        Write($"{parameters.ToJsonString(Readable)}\n", "azure", "main.parameters.json");

        var azd = File.ReadAllText(Path.Combine(_settings.Repository, "azure.yaml"));
        foreach (var program in (string[])["Gateway", "InferenceWorker"])
        {
            var path = Path.GetRelativePath(folder, Path.Combine(_settings.Repository, program)).Replace('\\', '/');
            azd = azd.Replace($"project: {program}\n", $"project: {path}\n", StringComparison.Ordinal);
        }

        Write(azd.Replace("path: deploy/azure\n", "path: azure\n", StringComparison.Ordinal), "azure.yaml");
    }

    /// <summary>A line of an env file, in which compose replaces nothing.</summary>
    public static string Line(string name, string value) => Plain.IsMatch(value)
        ? $"{name}={value}\n"
        : $"{name}='{value.Replace("'", "\\'", StringComparison.Ordinal)}'\n";

    /// <summary>Sets a variable of an env file, also one that is in a comment there.</summary>
    public static string SetVariable(string text, string name, string value)
    {
        var line = new Regex($"(?m)^(# )?{Regex.Escape(name)}=.*\n");
        return line.IsMatch(text) ? line.Replace(text, _ => Line(name, value), 1) : text + Line(name, value);
    }

    private IEnumerable<(string Name, string Value)> ComposeVariables()
    {
        yield return ("INFERENCE_REPLICAS", Invariant($"{_settings.Workers}"));
        yield return ("MODELS_DEVICE", _settings.Device);
        if (_settings.GatewayPort is { } port) yield return ("GATEWAY_PORT", Invariant($"{port}"));
        if (_settings.GatewayImage is { } gateway) yield return ("GATEWAY_IMAGE", gateway);
        if (_settings.WorkerImage is { } worker) yield return ("INFERENCE_IMAGE", worker);
        if (_settings.OtlpEndpoint is { } endpoint) yield return ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    }

    private void Copy(string part)
    {
        var from = Path.Combine(Deploy, part);
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        foreach (var file in Directory.EnumerateFiles(from, "*", options))
        {
            // What somebody filled in for a deployment from the checkout has secrets.
            if (Path.GetFileName(file) is ".env" or "gateway.env") continue;
            var target = Path.Combine(folder, part, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }

    private void Write(string text, params string[] path) => File.WriteAllText(Path.Combine([folder, .. path]), text);

    /// <summary>A text in YAML, of which JSON is a part.</summary>
    private static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
