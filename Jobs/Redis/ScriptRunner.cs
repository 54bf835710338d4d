using System.Globalization;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Resilience;
using Polly;
using Polly.Registry;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Redis;

/// <summary>Runs scripts by their hash, with the time limit of every Redis call. Translates failures when Redis does not serve.</summary>
internal sealed class ScriptRunner(
    IConnectionMultiplexer redis, ResiliencePipelineProvider<string> pipelines, JobMetrics metrics, TimeProvider time)
{
    private readonly ResiliencePipeline _call = pipelines.GetPipeline(ResiliencePipelineNames.RedisCall);

    /// <exception cref="QueueUnavailableException">
    /// Redis cannot be reached, does not answer in time, refuses writes, or fails on the data that it holds.
    /// </exception>
    public async Task<RedisResult> RunAsync(JobScript script, RedisKey key, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var answered = false;
        try
        {
            var reply = await _call.ExecuteAsync(
                static async (call, token) => await call.Runner.EvaluateAsync(call.Script, call.Key, call.Arguments).WaitAsync(token),
                (Runner: this, Script: script, Key: key, Arguments: arguments),
                cancellationToken);
            answered = true;
            return reply;
        }
        catch (Exception thrown) when (RedisRefusals.Of(thrown, $"the script '{script.Name}'", cancellationToken) is { } away)
        {
            throw away;
        }
        finally
        {
            metrics.Called(script.Name, time.GetElapsedTime(start), answered);
        }
    }

    /// <summary>Confirms that what was not found at a key is not there: a Redis that takes writes has the newest data.</summary>
    /// <exception cref="QueueUnavailableException">
    /// Redis takes no writes, and may be a replica with old data; or it does not serve.
    /// </exception>
    public async Task ConfirmAsync(RedisKey key, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(JobScript.Confirm, key, [], cancellationToken);
        }
        catch (QueueUnavailableException refused) when (refused.RefusesWrites)
        {
            throw RedisRefusals.Doubt(refused);
        }
    }

    private async Task<RedisResult> EvaluateAsync(JobScript script, RedisKey key, RedisValue[] arguments)
    {
        var database = redis.GetDatabase();
        try
        {
            return await database.ScriptEvaluateAsync(script.Hash, [key], arguments);
        }
        catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // The server is new or was restarted. EVAL runs the text and caches it for the next call.
            return await database.ExecuteAsync("EVAL", [script.Text, 1, key, .. arguments.Select(argument => (object)argument)]);
        }
    }
}

/// <summary>Writes values in the form in which scripts take them.</summary>
internal static class ScriptArgument
{
    /// <summary>Whole milliseconds, rounded up, so that a time above zero never becomes zero.</summary>
    public static RedisValue Milliseconds(TimeSpan time) =>
        ((long)Math.Ceiling(time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}
