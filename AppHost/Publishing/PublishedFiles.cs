using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.AppHost.Publishing;

/// <summary>
/// Copies of the files in <c>deploy/</c>, with what the model says: how many run, on which device, from which images, with which providers.
/// Secrets are not among it: their places are empty, and say what belongs there.
/// </summary>
/// <param name="facts">What the model says.</param>
/// <param name="folder">Where they go.</param>
internal sealed class PublishedFiles(ModelFacts facts, PublishedFolder folder)
{
    /// <summary>Of Docker Compose itself.</summary>
    public const string ComposeVariables = "compose/.env";

    /// <summary>Of the Gateway that Docker Compose starts.</summary>
    public const string GatewayVariables = "compose/gateway.env";

    private const string AzureParameters = "azure/main.parameters.json";

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly HostSettings _settings = facts.Settings;

    private string Deploy => Path.Combine(_settings.Repository, "deploy");

    /// <summary>
    /// Docker Compose. The Gateway has one replica here, because it has a port of the host.
    /// </summary>
    public void WriteCompose()
    {
        Copy("monitoring");
        Copy("compose", except: ".env.example");
        var example = File.ReadAllText(Path.Combine(Deploy, "compose", ".env.example"));
        var variables = new EnvironmentFile(
            "# Fill it in. AppHost wrote it from the model; what you set stays when you publish again.\n"
            + example[(example.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        foreach (var (name, value) in VariablesOfModel()) variables.Set(name, value);
        folder.WriteVariables(variables, ComposeVariables);

        var lines = new StringBuilder(
            "# Settings of the Gateway. Fill in what is empty, and add your own; what you set stays when you publish again.\n");
        foreach (var (name, parameter) in facts.GatewaySecrets) lines.Append(Invariant($"# The parameter {parameter.Name}.\n{name}=\n"));
        var gateway = new EnvironmentFile(lines.ToString());
        foreach (var (name, value) in facts.GatewaySettings) gateway.Set(name, value);
        folder.WriteVariables(gateway, GatewayVariables);
    }

    /// <summary>The chart, and values of the model for it: <c>helm install ai helm -f helm/values.model.yaml</c>.</summary>
    public void WriteHelm()
    {
        Copy("helm");
        var text = new StringBuilder(
            "# AppHost wrote it from the model. Put values of your own into another file, and name it after this one (-f).\n");
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
        folder.Write(text.ToString(), "helm/values.model.yaml");
    }

    /// <summary>
    /// azd's files. It builds the images from the checkout, to which <c>azure.yaml</c> leads, unless the model names images.
    /// </summary>
    public void WriteAzure()
    {
        Copy("azure", except: "main.parameters.json");
        var parameters = JsonNode.Parse(File.ReadAllText(Path.Combine(Deploy, "azure", "main.parameters.json")))!;
        var values = parameters["parameters"]!;
        values["minWorkers"]!["value"] = Invariant($"${{MIN_WORKERS={_settings.Workers}}}");
        if (_settings.Workers > 10) values["maxWorkers"]!["value"] = Invariant($"${{MAX_WORKERS={_settings.Workers}}}");
        if (_settings.OtlpEndpoint is { } endpoint) values["otlpEndpoint"]!["value"] = $"${{OTLP_ENDPOINT={endpoint}}}";
        values["gatewaySettings"]!["value"] = new JsonArray(
            [.. facts.GatewaySettings.Select(one => new JsonObject { ["name"] = one.Name, ["value"] = one.Value })]);
        folder.Write($"{parameters.ToJsonString(Readable)}\n", AzureParameters);

        var azd = File.ReadAllText(Path.Combine(_settings.Repository, "azure.yaml"));
        azd = WithSource(azd, "Gateway", "Gateway:Image", _settings.GatewayImage);
        azd = WithSource(azd, "InferenceWorker", "Inference:Image", _settings.WorkerImage);
        folder.Write(azd.Replace("deploy/azure", "azure", StringComparison.Ordinal), "azure.yaml");
    }

    /// <summary>Says where azd takes a program from: from its image, or from its project in the checkout.</summary>
    private string WithSource(string azd, string program, string setting, string? image)
    {
        var path = Path.GetRelativePath(folder.Path, Path.Combine(_settings.Repository, program)).Replace('\\', '/');
        return azd.Replace(
            $"    project: {program}\n    language: dotnet\n",
            image is not null ? $"    image: {Quoted(image)}\n"
            : $"    # azd builds the image from the sources there. {setting} names an image instead.\n"
                + $"    project: {Quoted(path)}\n    language: dotnet\n",
            StringComparison.Ordinal);
    }

    private IEnumerable<(string Name, string Value)> VariablesOfModel()
    {
        yield return ("INFERENCE_REPLICAS", Invariant($"{_settings.Workers}"));
        yield return ("MODELS_DEVICE", _settings.Device);
        if (_settings.GatewayPort is { } port) yield return ("GATEWAY_PORT", Invariant($"{port}"));
        if (_settings.GatewayImage is { } gateway) yield return ("GATEWAY_IMAGE", gateway);
        if (_settings.WorkerImage is { } worker) yield return ("INFERENCE_IMAGE", worker);
        if (_settings.OtlpEndpoint is { } endpoint) yield return ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    }

    private void Copy(string part, string? except = null)
    {
        var from = Path.Combine(Deploy, part);
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        foreach (var file in Directory.EnumerateFiles(from, "*", options))
        {
            // What somebody filled in for a deployment from the checkout has secrets.
            if (Path.GetFileName(file) is var name && (name == except || name is ".env" or "gateway.env")) continue;
            folder.Write(File.ReadAllBytes(file), $"{part}/{Path.GetRelativePath(from, file).Replace('\\', '/')}");
        }
    }

    /// <summary>A text in YAML, of which JSON is a part.</summary>
    private static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
