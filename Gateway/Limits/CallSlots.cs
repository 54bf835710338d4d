using System.Collections.Concurrent;
using AiPlatform.Jobs.Limits;
using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Gateway.Limits;

/// <summary>
/// Keeps the slots of calls that are under way in this process. If the process is killed, they are free after
/// <see cref="ILimitStore.SlotLifetime"/>.
/// </summary>
internal sealed class CallSlots(BackgroundLoops loops, ILimitStore store) : LoopService(loops)
{
    /// <summary>Most slots in one call, so that the script does not hold Redis for long.</summary>
    private const int MostRenewed = 512;

    private readonly ConcurrentDictionary<LimitedCall, bool> _calls = new();

    protected override TimeSpan Interval => ILimitStore.SlotLifetime / 3;

    public void Add(LimitedCall call) => _calls[call] = true;

    public void Remove(LimitedCall call) => _calls.TryRemove(call, out _);

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        var parts = _calls.Keys.GroupBy(call => call.Caller.Tenant).SelectMany(tenant =>
            tenant.SelectMany(call => call.Slots).Chunk(MostRenewed).Select(slots => (Tenant: tenant.Key, Slots: slots)));
        return loop.ForEachAsync(parts, part => store.RenewAsync(part.Tenant, part.Slots, stoppingToken));
    }
}
