using AiPlatform.Hosting.Keys;
using AiPlatform.Hosting.Models;
using AiPlatform.Hosting.Programs;
using AiPlatform.Hosting.Readiness;
using AiPlatform.Hosting.Redis;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.Hosting;

/// <summary>The parts of a server while the AppHost's model is built.</summary>
internal sealed class AiPlatformGroup
{
    /// <summary>The programs read the connection string of this name.</summary>
    private const string RedisConnection = "redis";

    private const string StorePath = "Aspire:Store:Path";

    private readonly IDistributedApplicationBuilder _builder;
    private readonly AiPlatformOptions _options;
    private readonly List<Action<IResourceBuilder<IResourceWithEnvironment>>> _workerSteps = [];
    private readonly List<IResourceBuilder<IResourceWithEnvironment>> _workers = [];
    private readonly List<IResourceBuilder<IResourceWithEnvironment>> _spares = [];
    private readonly List<(IResource Program, IResourceAnnotation Annotation)> _redisLinks = [];
    private readonly HashSet<string> _tenants = new(StringComparer.Ordinal);
    private IResourceBuilder<IResourceWithConnectionString> _redis;
    private bool _isOwnRedis = true;
    private string? _redisProblem;
    private RunData? _data;

    /// <param name="platform">The server.</param>
    /// <param name="options">Names and folders.</param>
    /// <param name="programs">Adds the programs.</param>
    public AiPlatformGroup(IResourceBuilder<AiPlatformResource> platform, AiPlatformOptions options, IAddedPrograms programs)
    {
        (Platform, _builder, _options, Programs) = (platform, platform.ApplicationBuilder, options, programs);
        _redis = _builder.AddJobRedis(RedisName, options.RedisStart, TakeData, out _redisProblem);
        // In this order they stand in a manifest and in the dashboard.
        AddWorker(InferenceName);
        Gateway = programs.AddGateway(options.GatewayName ?? $"{Name}-gateway");
        Gateway.WithParentRelationship(platform).WithServingCheck($"{Gateway.Resource.Name}_serving", platform.Resource, isGateway: true);
        Waiting(Gateway).WaitFor(_workers[0]);
        platform.Resource.Gateway = (IResourceWithEndpoints)Gateway.Resource;
        LinkRedis();
        _builder.CreateResourceBuilder((IResource)_redis.Resource).WithParentRelationship(platform);
        _builder.Eventing.Subscribe<BeforeStartEvent>(Start);
    }

    public IResourceBuilder<AiPlatformResource> Platform { get; }

    public IResourceBuilder<IResourceWithEnvironment> Gateway { get; }

    public IAddedPrograms Programs { get; }

    public string Name => Platform.Resource.Name;

    public bool IsRunMode => _builder.ExecutionContext.IsRunMode;

    /// <summary>Whether the workers' models are already all of one folder.</summary>
    public bool HasModelsFolder { get; set; }

    /// <summary>Whether keys were given, or their hashes.</summary>
    public bool HasKeys => _tenants.Count > 0;

    private string InferenceName => _options.InferenceName ?? $"{Name}-inference";

    private string RedisName => _options.RedisName ?? $"{Name}-redis";

    /// <summary>A full path, of one that may start at the AppHost's folder.</summary>
    public string FullPath(string path) => Path.GetFullPath(path, _builder.AppHostDirectory);

    /// <summary>Does something to every worker, also to those that are added later.</summary>
    public void EachWorker(Action<IResourceBuilder<IResourceWithEnvironment>> step)
    {
        _workerSteps.Add(step);
        foreach (var worker in _workers.Concat(_spares)) step(worker);
    }

    /// <summary>Sets how many workers there are.</summary>
    public void SetWorkers(int count)
    {
        if (Programs.TrySetReplicas(_workers[0], count)) return;
        for (var number = _workers.Count; number > count; number--)
        {
            _builder.Resources.Remove(_workers[number - 1].Resource);
            Platform.Resource.WorkerList.Remove(_workers[number - 1].Resource);
            _redisLinks.RemoveAll(link => link.Program == _workers[number - 1].Resource);
            _workers.RemoveAt(number - 1);
        }

        while (_workers.Count < count)
        {
            var worker = AddWorker($"{InferenceName}-{_workers.Count + 1}");
            foreach (var step in _workerSteps) step(worker);
            LinkRedis(worker);
        }
    }

    /// <summary>Adds workers of local runs that are started by hand, and stop again as any other.</summary>
    public void AddSpareWorkers(int count)
    {
        if (!IsRunMode) return;
        var name = $"{InferenceName}-spare";
        if (Programs.TrySetReplicas(AddSpare(name), count)) return;
        for (var number = 2; number <= count; number++) AddSpare($"{name}-{number}");
    }

    /// <summary>Lets in the caller that the connection string stands for, unless keys are given later.</summary>
    public void AddDefaultKey(ParameterResource key, string tenant)
    {
        Platform.Resource.ApiKey = key;
        Gateway.WithEnvironment(context =>
        {
            if (!HasKeys) context.EnvironmentVariables[HashSetting(tenant)] = new KeyHash(key);
        });
    }

    /// <summary>The Gateway's variable for the hash of a tenant's key.</summary>
    public static string HashSetting(string tenant) => $"ApiKeys__{tenant}__Sha256";

    /// <summary>Lets a caller in once.</summary>
    /// <exception cref="DistributedApplicationException">The tenant has a key already, or has no tenant's name.</exception>
    public void AddTenant(string tenant)
    {
        if (TenantName.Problem(tenant) is { } problem) throw new DistributedApplicationException(problem);

        if (!HasKeys) Platform.Resource.ApiKey = null;
        if (!_tenants.Add(tenant))
            throw new DistributedApplicationException($"The tenant '{tenant}' of {Name} has a key already; name another tenant.");
    }

    /// <summary>Takes this Redis instead of one of its own.</summary>
    /// <exception cref="DistributedApplicationException">One was named already.</exception>
    public void UseRedis(IResourceBuilder<IResourceWithConnectionString> redis)
    {
        if (!_isOwnRedis)
        {
            throw new DistributedApplicationException(
                $"{Name} has the Redis '{_redis.Resource.Name}' already. Call WithRedis once: all its jobs are in one Redis.");
        }

        _builder.Resources.Remove(_redis.Resource);
        foreach (var (program, annotation) in _redisLinks) program.Annotations.Remove(annotation);
        _redisLinks.Clear();
        if (_builder.Resources.FirstOrDefault(one => one.Name == JobRedis.AddressOf(RedisName)) is { } address)
            _builder.Resources.Remove(address);
        (_redis, _isOwnRedis, _redisProblem) = (redis, false, null);
        LinkRedis();
    }

    /// <summary>The folder of what a local run keeps, which is locked until the run ends.</summary>
    /// <exception cref="DistributedApplicationException">There is no free folder, or no place for one.</exception>
    public RunData TakeData()
    {
        if (_data is { } taken) return taken;
        var root = _options.DataPath is { Length: > 0 } path ? FullPath(path)
            : Path.Combine(_builder.Configuration[StorePath] ?? _builder.AppHostDirectory, ".aspire", "aiplatform");
        var data = _data = RunData.Take(root);
        // Disposed of with the application, which thus frees the folder.
        _builder.Services.AddKeyedSingleton(Name, (_, _) => data);
        return data;
    }

    private IResourceBuilder<IResourceWithEnvironment> AddWorker(string name)
    {
        var worker = Programs.AddWorker(name);
        worker.WithParentRelationship(Platform);
        _workers.Add(worker);
        Platform.Resource.WorkerList.Add(worker.Resource);
        return worker;
    }

    private IResourceBuilder<IResourceWithEnvironment> AddSpare(string name)
    {
        var spare = Programs.AddWorker(name);
        spare.WithParentRelationship(Platform).WithExplicitStart();
        _spares.Add(spare);
        Platform.Resource.SpareList.Add(spare.Resource);
        foreach (var step in _workerSteps) step(spare);
        LinkRedis(spare);
        return spare;
    }

    private void LinkRedis()
    {
        Platform.Resource.Redis = _redis.Resource;
        foreach (var worker in _workers.Concat(_spares)) LinkRedis(worker);
        LinkRedis(Gateway);
    }

    private void LinkRedis(IResourceBuilder<IResourceWithEnvironment> program)
    {
        var before = program.Resource.Annotations.ToHashSet();
        program.WithReference(_redis, RedisConnection);
        Waiting(program).WaitFor(_redis);
        _redisLinks.AddRange(program.Resource.Annotations.Where(one => !before.Contains(one))
            .Select(one => ((IResource)program.Resource, one)));
    }

    private Task Start(BeforeStartEvent starting, CancellationToken cancellationToken)
    {
        if ((_redisProblem ?? MissingEngine()) is { } problem) throw new DistributedApplicationException(problem);
        if (!IsRunMode && !HasKeys)
        {
            throw new DistributedApplicationException(
                $"{Name} has no API key, without which a deployed Gateway does not listen. Call "
                + $"WithApiKey(builder.AddParameter(\"{Name}-key\", secret: true)).");
        }

        if (IsRunMode) PersistenceWarning.Add(_redis);
        if (_data is null) return Task.CompletedTask;
        starting.Services.GetRequiredKeyedService<RunData>(Name);
        if (Platform.Resource.ModelFolders.Count > 0 && Programs.AreProcesses)
            ModelFolder.Link(Platform.Resource.ModelFolders, _data.ModelsPath);
        return Task.CompletedTask;
    }

    /// <summary>Aspire would wait for a container engine without a word.</summary>
    /// <returns>What needs one that does not answer, and what to do without it; null when nothing does.</returns>
    private string? MissingEngine()
    {
        var hasRedis = _isOwnRedis && _redis.Resource is RedisResource && _options.RedisStart == AiPlatformRedisStart.Container;
        if (!IsRunMode || (Programs.AreProcesses && !hasRedis) || ContainerEngine.Answers(_builder.Configuration)) return null;
        return Programs.AreProcesses
            ? $"{_redis.Resource.Name} is to be a container ({nameof(AiPlatformOptions.RedisStart)}; Redis:Start of AiPlatform's own "
                + "AppHost), and no container engine answers. Start Docker or Podman, choose 'process' or 'auto' instead, or set "
                + $"ConnectionStrings__{_redis.Resource.Name} to a Redis that runs."
            : $"{Name} is to be started from images, and no container engine answers. Start Docker or Podman, or call "
                + $"AddAiPlatformFromCheckout(\"{Name}\", …), which needs none.";
    }

    /// <summary>Both kinds of programs can wait.</summary>
    private static IResourceBuilder<IResourceWithWaitSupport> Waiting(IResourceBuilder<IResource> program) =>
        (IResourceBuilder<IResourceWithWaitSupport>)program;
}
