using System.Globalization;
using AiPlatform.Jobs.Redis;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Usage;

internal sealed class UsageStore(ScriptRunner scripts) : IUsageStore
{
    public Task AddAsync(DateOnly date, string tenant, UsageOfCalls usage, UsageWrite write, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments =
        [
            Day(date), ScriptArgument.Milliseconds(IUsageStore.Retention), UsageCount.Most, usage.UnheldTokens, usage.Holds.Count,
            write.Writer, write.Number, ScriptArgument.Milliseconds(IUsageStore.WritesRemembered),
        ];
        foreach (var hold in usage.Holds) arguments.AddRange([hold.Id, hold.Tokens]);
        foreach (var (model, count) in usage.ByModel)
            arguments.AddRange([model, count.Requests, count.Failed, count.InputTokens, count.OutputTokens, count.EstimatedTokens]);
        return scripts.RunAsync(JobScript.UsageAdd, RedisKeys.UsageBase(tenant), [.. arguments], cancellationToken);
    }

    public async Task<IReadOnlyList<UsageRow>> ReadAsync(DateOnly from, DateOnly to, string tenant, CancellationToken cancellationToken)
    {
        var dates = Enumerable.Range(0, to.DayNumber - from.DayNumber + 1).Select(from.AddDays).ToList();
        var days = (RedisResult[])(await scripts.RunAsync(
            JobScript.UsageRead, RedisKeys.UsageBase(tenant), [.. dates.Select(date => (RedisValue)Day(date))], cancellationToken))!;
        return [.. dates.Zip(days).SelectMany(day => RowsOf(day.First, tenant, (RedisValue[])day.Second!))];
    }

    /// <summary>The fields are <c>MEASURE MODEL</c>; a model's name may have blanks.</summary>
    private static IEnumerable<UsageRow> RowsOf(DateOnly date, string tenant, RedisValue[] fields)
    {
        var counts = new SortedDictionary<string, UsageCount>(StringComparer.Ordinal);
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            if (((string?)fields[i])?.Split(' ', 2) is not [var measure, var model]) continue;
            // A field without a number was written by another program; it is ignored.
            if (!fields[i + 1].TryParse(out long amount)) continue;
            counts[model] = counts.GetValueOrDefault(model) + CountOf(measure, Math.Clamp(amount, 0, UsageCount.Most));
        }

        return counts.Select(entry => new UsageRow(date, tenant, entry.Key, entry.Value));
    }

    private static UsageCount CountOf(string measure, long amount) => measure switch
    {
        "requests" => new UsageCount(amount, 0, 0, 0),
        "failed" => new UsageCount(0, amount, 0, 0),
        "input" => new UsageCount(0, 0, amount, 0),
        "output" => new UsageCount(0, 0, 0, amount),
        "estimated" => new UsageCount(0, 0, 0, 0, amount),
        _ => default,
    };

    private static string Day(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
