using AiPlatform.Jobs.Redis;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Limits;

internal sealed class LimitStore(ScriptRunner scripts) : ILimitStore
{
    /// <summary>Numbers of a reply before those of the scopes, and numbers of each scope.</summary>
    private const int Heads = 6, PerScope = 7;

    public Task<LimitReading> TakeAsync(LimitedCaller caller, LimitRequest request, CancellationToken cancellationToken) =>
        RunAsync(caller, request, onlyTells: false, cancellationToken);

    public Task<LimitReading> ReadAsync(LimitedCaller caller, CancellationToken cancellationToken) =>
        RunAsync(caller, new LimitRequest("", 0, TimeSpan.Zero, TakesSlot: false), onlyTells: true, cancellationToken);

    public Task EndAsync(
        LimitedCaller caller, string hold, long? tokens, bool isFinal, bool hasSlots, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments = [hold, tokens ?? RedisValue.EmptyString, isFinal ? "1" : "0"];
        if (hasSlots) arguments.AddRange(caller.ScopesWithSlots.Select(scope => (RedisValue)scope));
        return scripts.RunAsync(JobScript.LimitEnd, RedisKeys.UsageBase(caller.Tenant), [.. arguments], cancellationToken);
    }

    public Task DropAsync(string tenant, string hold, CancellationToken cancellationToken) =>
        scripts.RunAsync(JobScript.LimitEnd, RedisKeys.UsageBase(tenant), [hold, 0, "1"], cancellationToken);

    public Task RenewAsync(string tenant, IReadOnlyCollection<(string Scope, string Hold)> slots, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments = [ScriptArgument.Milliseconds(ILimitStore.SlotLifetime)];
        foreach (var (scope, hold) in slots) arguments.AddRange([scope, hold]);
        return scripts.RunAsync(JobScript.LimitRenew, RedisKeys.UsageBase(tenant), [.. arguments], cancellationToken);
    }

    private async Task<LimitReading> RunAsync(
        LimitedCaller caller, LimitRequest request, bool onlyTells, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments =
        [
            request.Hold, request.Tokens, ScriptArgument.Milliseconds(request.HoldLifetime),
            request.TakesSlot ? ScriptArgument.Milliseconds(ILimitStore.SlotLifetime) : "0", onlyTells ? "1" : "0",
            caller.OfTenant.TokensPerDay, caller.OfTenant.TokensPerMonth,
            "", caller.OfTenant.RequestsPerMinute, caller.OfTenant.TokensPerMinute, caller.OfTenant.ConcurrentCalls,
        ];
        if (caller.Key.Length > 0)
            arguments.AddRange([caller.Key, caller.OfKey.RequestsPerMinute, caller.OfKey.TokensPerMinute, caller.OfKey.ConcurrentCalls]);
        var reply = (long[])(await scripts.RunAsync(
            JobScript.LimitTake, RedisKeys.UsageBase(caller.Tenant), [.. arguments], cancellationToken))!;
        return new LimitReading(
            (LimitKind)reply[0], reply[1] < 0 ? null : Time(reply[1]),
            [.. BudgetsIn(reply, caller.OfTenant), .. ScopeIn(reply, Heads, caller.OfTenant, isOfKey: false),
                .. reply.Length > Heads + PerScope ? ScopeIn(reply, Heads + PerScope, caller.OfKey, isOfKey: true) : []],
            WasCounted: reply[0] == 0 && reply[1] == 1);
    }

    private static IEnumerable<LimitState> BudgetsIn(long[] reply, CallLimits limits)
    {
        if (limits.TokensPerDay > 0)
            yield return new(LimitKind.DailyBudget, false, limits.TokensPerDay, Math.Max(0, reply[2]), Time(reply[3]), Time(reply[3]));
        if (limits.TokensPerMonth > 0)
            yield return new(LimitKind.MonthlyBudget, false, limits.TokensPerMonth, Math.Max(0, reply[4]), Time(reply[5]), Time(reply[5]));
    }

    private static IEnumerable<LimitState> ScopeIn(long[] reply, int at, CallLimits limits, bool isOfKey)
    {
        if (limits.RequestsPerMinute > 0)
        {
            yield return new(
                LimitKind.Requests, isOfKey, limits.RequestsPerMinute, Math.Max(0, reply[at]), Time(reply[at + 1]), Time(reply[at + 2]));
        }

        if (limits.TokensPerMinute > 0)
        {
            yield return new(
                LimitKind.Tokens, isOfKey, limits.TokensPerMinute, Math.Max(0, reply[at + 3]), Time(reply[at + 4]), Time(reply[at + 5]));
        }

        if (limits.ConcurrentCalls > 0)
        {
            yield return new(
                LimitKind.Concurrency, isOfKey, limits.ConcurrentCalls, Math.Max(0, reply[at + 6]), TimeSpan.Zero, TimeSpan.Zero);
        }
    }

    private static TimeSpan Time(long milliseconds) => TimeSpan.FromMilliseconds(Math.Max(0, milliseconds));
}
