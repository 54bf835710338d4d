namespace AiPlatform.AppHost.Publishing;

/// <summary>What published files take from the model.</summary>
internal sealed record ModelFacts
{
    /// <summary>Settings that the files of <c>deploy/</c> make themselves, or that only concern a local run.</summary>
    private static readonly string[] Passed = ["Providers__", "Models__", "ApiKeys__", "Limits__", "Prices__"];

    private static readonly string[] MadeByTheFiles = ["ApiKeys__operator__", "Models__Device"];

    public required HostSettings Settings { get; init; }

    /// <summary>Settings of the Gateway, such as <c>Providers__openai__BaseUrl</c>.</summary>
    public required IReadOnlyList<(string Name, string Value)> GatewaySettings { get; init; }

    /// <summary>Secrets of the Gateway, such as <c>Providers__openai__ApiKey</c>.</summary>
    public required IReadOnlyList<(string Name, ParameterResource Parameter)> GatewaySecrets { get; init; }

    /// <summary>The hash of the operator's key.</summary>
    public required ParameterResource OperatorKeySha256 { get; init; }

    /// <summary>Redis' password; null where the model has a connection string.</summary>
    public required ParameterResource? RedisPassword { get; init; }

    public bool HasGpu => Settings.Device == "cuda";

    public static async Task<ModelFacts> ReadAsync(
        HostSettings settings, ProjectResource gateway, ProjectResource inference, DistributedApplicationModel model,
        DistributedApplicationExecutionContext execution, CancellationToken cancellationToken)
    {
        var environment = await EnvironmentOfAsync(gateway, execution, cancellationToken);
        var passed = environment
            .Where(one => Passed.Any(start => one.Key.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                && !MadeByTheFiles.Any(start => one.Key.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(one => one.Key, StringComparer.Ordinal).ToList();
        return new ModelFacts
        {
            Settings = settings with
            {
                Workers = ReplicasOf(inference),
                Gateways = ReplicasOf(gateway),
            },
            GatewaySettings = [.. passed.Where(one => one.Value is string).Select(one => (one.Key, (string)one.Value))],
            GatewaySecrets =
                [.. passed.Where(one => one.Value is ParameterResource).Select(one => (one.Key, (ParameterResource)one.Value))],
            OperatorKeySha256 = (ParameterResource)environment["ApiKeys__operator__Sha256"],
            RedisPassword = model.Resources.OfType<RedisResource>().FirstOrDefault()?.PasswordParameter,
        };
    }

    private static int ReplicasOf(ProjectResource project) =>
        project.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private static async Task<Dictionary<string, object>> EnvironmentOfAsync(
        ProjectResource project, DistributedApplicationExecutionContext execution, CancellationToken cancellationToken)
    {
        var context = new EnvironmentCallbackContext(execution, project, cancellationToken: cancellationToken);
        foreach (var callback in project.Annotations.OfType<EnvironmentCallbackAnnotation>()) await callback.Callback(context);
        return context.EnvironmentVariables;
    }
}
