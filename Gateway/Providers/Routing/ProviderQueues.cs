using AiPlatform.Jobs.Leasing;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>The queues of providers' models: the Gateway itself runs their jobs, and follows changes of the configuration.</summary>
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
