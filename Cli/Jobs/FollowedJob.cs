using System.Text.Json;
using AiPlatform.Client.Jobs;

namespace AiPlatform.Cli.Jobs;

/// <summary>Prints a job's events as they come.</summary>
/// <param name="screen">Gets the changes of the status.</param>
/// <param name="isJson">Whether every event is printed as JSON, and nothing else.</param>
internal sealed class FollowedJob(Screen screen, bool isJson)
{
    private bool _hasText;
    private bool _isTextWhole = true;

    /// <summary>Follows the job to its end, through restarts of the Gateway.</summary>
    /// <returns>The exit code: 0 when the job has succeeded.</returns>
    public async Task<int> RunAsync(JobsClient jobs, string id)
    {
        await foreach (var one in jobs.EventsAsync(id))
        {
            if (isJson) Screen.Say($"{FollowedEvent.JsonOf(one)}\n");
            else Print(one);
            if (one.Job is { } job) return isJson || job.Status == "succeeded" ? CodeOf(job) : Fail(job);
        }

        return 1;
    }

    private static int CodeOf(Job job) => job.Status == "succeeded" ? 0 : 1;

    private int Fail(Job job)
    {
        screen.Error($"The job {(job.Status is "failed" ? "failed" : $"is {job.Status}")}. {job.Error?.Message}".TrimEnd());
        return 1;
    }

    private void Print(JobEvent one)
    {
        switch (one.Kind)
        {
            case "status" when one.Data.ValueKind == JsonValueKind.Object && one.Data.TryGetProperty("status", out var status):
                screen.Note($"[{status}]");
                break;
            case "output" when _isTextWhole && JobText.PieceOf(one.Data) is { Length: > 0 } piece:
                _hasText = true;
                Screen.Say(piece);
                break;
            case "gap":
                // What was written before is no longer there; the whole output comes at the end.
                if (_hasText) Screen.Say("\n");
                screen.Note("[a part of the output is no longer kept]");
                (_isTextWhole, _hasText) = (false, false);
                break;
            case "done":
                if (_hasText) Screen.Say("\n");
                else if (one.Job?.Output is { ValueKind: not JsonValueKind.Null } output) Screen.Say($"{JobText.OutputOf(output)}\n");
                break;
        }
    }
}

/// <summary>An event as <c>--json</c> prints it: its content is the Gateway's own JSON.</summary>
internal sealed record FollowedEvent(long? Sequence, string Kind, JsonElement Data)
{
    public static string JsonOf(JobEvent one) =>
        JsonSerializer.Serialize(new FollowedEvent(one.Sequence, one.Kind, one.Data), JobsJson.Readable.FollowedEvent);
}
