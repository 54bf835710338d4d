using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Leasing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>
/// The current <see cref="ProviderRoutes"/>. A changed configuration takes effect at once if it is valid. Otherwise the last valid one
/// stays, and the log says what is wrong.
/// </summary>
internal sealed class ProviderCatalog : IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<ProviderCatalog> _logger;
    private readonly Lock _gate = new();
    private readonly IDisposable _watch;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ProviderRoutes _routes;

    /// <exception cref="OptionsValidationException">The settings are invalid; the process does not start with them.</exception>
    public ProviderCatalog(IConfiguration configuration, TimeProvider time, ILogger<ProviderCatalog> logger)
    {
        _configuration = configuration;
        _time = time;
        _logger = logger;
        _routes = ProviderRoutes.Of(ProviderSettingsReader.Read(configuration), ProviderRoutes.None, time);
        _watch = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    public ProviderRoutes Routes => _routes;

    /// <summary>Completes when <see cref="Routes"/> is no longer <paramref name="known"/>.</summary>
    public Task ChangedFrom(ProviderRoutes known)
    {
        lock (_gate) return ReferenceEquals(known, _routes) ? _changed.Task : Task.CompletedTask;
    }

    public void Dispose() => _watch.Dispose();

    private void Reload()
    {
        lock (_gate)
        {
            try
            {
                _routes = ProviderRoutes.Of(ProviderSettingsReader.Read(_configuration), _routes, _time);
                Log.ProvidersReloaded(_logger, _routes.Providers.Count, _routes.All.Count);
            }
            catch (OptionsValidationException wrong)
            {
                Log.ProvidersNotReloaded(_logger, string.Join(" ", wrong.Failures));
                return;
            }

            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}

/// <summary>The queues of providers' models, whose jobs the Gateway itself runs. They follow changes of the configuration.</summary>
internal sealed class ProviderQueues(ProviderCatalog catalog) : ILeasedQueues
{
    public async Task<IReadOnlyList<LeasedQueue>> NextAsync(IReadOnlyList<LeasedQueue>? known, CancellationToken cancellationToken)
    {
        while (true)
        {
            var routes = catalog.Routes;
            LeasedQueue[] queues = [.. routes.All.Select(model => new LeasedQueue(model.Queue, model.Options.ConcurrentJobs))];
            if (known is null || !known.SequenceEqual(queues)) return queues;
            await catalog.ChangedFrom(routes).WaitAsync(cancellationToken);
        }
    }
}
