using System.Text;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;
using AiPlatform.Tests.Gateway.Fixtures;

namespace AiPlatform.Tests.Gateway.Providers.Attempts;

/// <summary>
/// A provider with a clock that the test advances: each call takes the script's time, and then answers or fails as in the script.
/// </summary>
internal sealed class ScriptedTransport(TimeProvider time, Func<int, ScriptedStep> script) : IProviderTransport
{
    private readonly List<(string Model, TimeSpan At)> _calls = [];

    /// <summary>The called models and the times of the calls.</summary>
    public IReadOnlyList<(string Model, TimeSpan At)> Calls => _calls;

    public async Task<ProviderResponse> SendAsync(
        ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var step = script(_calls.Count);
        _calls.Add((model.Name, time.GetElapsedTime(0)));
        if (step.Takes > TimeSpan.Zero) await TakeAsync(step.Takes, cancellationToken);
        if (step.Status == 0) throw new ProviderUnreachableException("no connection", new IOException());

        var content = Encoding.UTF8.GetBytes(step.Status == 200 ? step.Body : $$"""{"error":{"message":"no","type":"t","param":null,"code":"{{step.Code}}"} }""");
        return new ProviderResponse(step.Status, step.ContentType, step.RetryAfter, new ChoppedStream(content, 1_000));
    }

    /// <summary>
    /// Unlike Task.Delay, its continuation runs at once when it is canceled, so that the clock does not advance meanwhile.
    /// </summary>
    private async Task TakeAsync(TimeSpan span, CancellationToken cancellationToken)
    {
        var end = new TaskCompletionSource();
        await using var timer = time.CreateTimer(_ => end.TrySetResult(), null, span, Timeout.InfiniteTimeSpan);
        await using var canceled = cancellationToken.Register(() =>
        {
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            end.TrySetCanceled(cancellationToken);
        });
        await end.Task;
    }
}

/// <summary>The script of one call.</summary>
/// <param name="Status">The status that is answered; 0 for no connection.</param>
internal sealed record ScriptedStep(int Status)
{
    public TimeSpan Takes { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public string Code { get; init; } = "server_error";

    public string ContentType { get; init; } = "application/json";

    public string Body { get; init; } = FakeProvider.ChatJson("fine");
}
