using AiPlatform.Hosting;
using AiPlatform.Hosting.Models;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// An AiPlatform server: Redis, workers and a Gateway. Its connection string is what <c>AddAiPlatformClient</c> reads:
/// <c>Endpoint=http://localhost:8080;Key=…;Model=…</c>, with the key and the model that are known.
/// </summary>
public sealed class AiPlatformResource : Resource, IResourceWithConnectionString, IResourceWithWaitSupport
{
    internal const string EndpointName = "http";

    internal AiPlatformResource(string name)
        : base(name)
    {
    }

    /// <summary>The Gateway: a project or a container.</summary>
    public IResourceWithEndpoints Gateway { get; internal set; } = null!;

    /// <summary>
    /// The workers: one resource. A local run from images has one for each worker, because a container has no replicas there.
    /// </summary>
    public IReadOnlyList<IResource> Workers => WorkerList;

    /// <summary>Workers of local runs that are not started with the system; see <c>WithSpareWorkers</c>.</summary>
    public IReadOnlyList<IResource> SpareWorkers => SpareList;

    /// <summary>The Redis that keeps the jobs.</summary>
    public IResourceWithConnectionString Redis { get; internal set; } = null!;

    /// <summary>The address of the Gateway.</summary>
    public EndpointReference Endpoint => new(Gateway, EndpointName);

    /// <summary>The key in the connection string; null when there is none.</summary>
    public ParameterResource? ApiKey { get; internal set; }

    /// <summary>The model of calls that name none; null when there is none.</summary>
    public string? DefaultModel { get; internal set; }

    /// <summary><c>Endpoint=…;Key=…;Model=…</c>; what is not known is left out.</summary>
    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            var text = new ReferenceExpressionBuilder();
            text.Append($"Endpoint={Endpoint}");
            if (ApiKey is { } key) text.Append($";Key={key}");
            if (DefaultModel is { } model) text.AppendLiteral($";Model={model}");
            return text.Build();
        }
    }

    /// <summary>
    /// The full path of the folder of what a local run keeps for the next one. From the first call on the folder is this run's alone, until
    /// the AppHost ends.
    /// </summary>
    /// <exception cref="DistributedApplicationException">There is no free folder, or no place for one.</exception>
    public string GetDataPath() => Group.TakeData().Path;

    /// <summary>The models that it must serve before it counts as healthy, by the names that requests use.</summary>
    internal HashSet<string> NamedModels { get; } = new(StringComparer.Ordinal);

    /// <summary>The folders of the models, when they are named one by one.</summary>
    internal List<ModelFolder> ModelFolders { get; } = [];

    internal List<IResource> WorkerList { get; } = [];

    internal List<IResource> SpareList { get; } = [];

    internal AiPlatformGroup Group { get; set; } = null!;

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties()
    {
        yield return new("Uri", ReferenceExpression.Create($"{Endpoint}"));
        if (ApiKey is { } key) yield return new("Key", ReferenceExpression.Create($"{key}"));
        if (DefaultModel is { } model) yield return new("Model", ReferenceExpression.Create($"{model}"));
    }
}
