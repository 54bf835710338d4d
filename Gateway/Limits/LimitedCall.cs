using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Limits;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Limits;

/// <summary>
/// A request whose caller has limits. It is counted once, however many models are tried for it. Its slots are free again, and its tokens
/// are corrected, when it ends; at the latest when its response does.
/// </summary>
internal sealed class LimitedCall(
    LimitedCaller caller, HttpResponse response, ILimitStore store, CallSlots slots, LimitMetrics metrics, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>How much longer than a call its hold lasts: its usage is written a second after its end.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private string _name = "";
    private bool _isTaken;
    private bool _hasSlots;
    private bool _goesOn;
    private long? _used;
    private bool _hasEnded;

    /// <summary>The hold of its tokens, which the usage of the call ends; null when tokens are not limited.</summary>
    public string? Hold { get; private set; }

    /// <summary>The caller.</summary>
    public LimitedCaller Caller => caller;

    /// <summary>Counts the call, unless it has been counted; returns the refusal, or null.</summary>
    /// <param name="name">A name of the call that no other call of the tenant has.</param>
    /// <param name="tokens">The tokens that it may take.</param>
    /// <param name="deadline">The time until its end.</param>
    /// <param name="waits">Whether its client waits for the answer, so that it is under way until then.</param>
    /// <param name="isRepeatable">Whether another request may come with the same name; then both count once.</param>
    /// <param name="cancellationToken">Ends the wait; the call may have been counted nevertheless.</param>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    public async Task<InferenceError?> TakeAsync(
        string name, long tokens, TimeSpan deadline, bool waits, bool isRepeatable, CancellationToken cancellationToken)
    {
        if (_isTaken) return null;

        var lifetime = caller.LimitsTokens ? deadline + Margin : isRepeatable ? Margin : TimeSpan.Zero;
        var request = new LimitRequest(name, Math.Min(tokens, CallLimits.Most), lifetime, waits);
        var reading = await store.TakeAsync(caller, request, cancellationToken);
        LimitHeaders.Set(response, reading);
        if (reading.Refusal != LimitKind.None)
        {
            metrics.Refused(reading.Refusal);
            return LimitRefusals.Of(reading, request.Tokens);
        }

        (_isTaken, _name) = (true, name);
        Hold = caller.LimitsTokens ? name : null;
        if (reading.WasCounted) return null;

        _hasSlots = waits && caller.ScopesWithSlots.Any();
        if (_hasSlots) slots.Add(this);
        if (_hasSlots || Hold is not null) response.RegisterForDisposeAsync(this);
        return null;
    }

    /// <summary>The tokens that it took are known. Their usage is written by whoever ran the call.</summary>
    public void Used(long tokens) => _used = tokens;

    /// <summary>Its job has ended, and with it what the job took is known.</summary>
    public void Used(Job job)
    {
        var (input, output) = UsageJson.Read(job.Usage);
        Used(input + output);
    }

    /// <summary>Its job goes on when the request ends: what it took is known when the job ends.</summary>
    public void GoesOn() => _goesOn = true;

    /// <summary>Ends the call; the first time counts. Without <see cref="Used(long)"/> or <see cref="GoesOn"/> it took no tokens.</summary>
    public async Task EndAsync()
    {
        if (!_isTaken || _hasEnded) return;

        _hasEnded = true;
        slots.Remove(this);
        var tokens = Hold is null || (_used is null && _goesOn) ? null : _used ?? 0L as long?;
        if (!_hasSlots && tokens is null) return;
        try
        {
            await store.EndAsync(caller, _name, tokens, isFinal: tokens == 0, _hasSlots, CancellationToken.None);
        }
        catch (QueueUnavailableException away)
        {
            // Its slots end by themselves, and its hold with its usage or its deadline.
            Log.LimitsAway(logger, away.Message);
        }
    }

    /// <summary>The slots that it has.</summary>
    public IEnumerable<(string Scope, string Hold)> Slots => caller.ScopesWithSlots.Select(scope => (scope, _name));

    public async ValueTask DisposeAsync() => await EndAsync();
}
