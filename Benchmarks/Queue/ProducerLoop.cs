using System.Text.Json;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>What a producer process does: it answers <see cref="ProducerCommand"/>s on standard input until that ends.</summary>
internal static class ProducerLoop
{
    private const int LatencyWarmUpJobs = 100;

    /// <param name="inFlight">Jobs at a time for <see cref="ProducerCommand.Throughput"/>.</param>
    /// <param name="runOneAsync">Runs one job to its end; false when it has no or a wrong result.</param>
    public static async Task AnswerAsync(int inFlight, Func<Task<bool>> runOneAsync)
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var command = ProducerCommand.Parse(line);
            var latency = command.Name == ProducerCommand.Latency;
            if (latency) await RunAsync(runOneAsync, LatencyWarmUpJobs, 1);
            Console.WriteLine(JsonSerializer.Serialize(await RunAsync(runOneAsync, command.Jobs, latency ? 1 : inFlight)));
        }
    }

    private static async Task<ProducerReply> RunAsync(Func<Task<bool>> runOneAsync, int count, int inFlight)
    {
        var time = TimeProvider.System;
        var milliseconds = new double[count];
        var (next, wrong) = (-1, 0);
        var start = time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(RunSomeAsync)));
        var elapsed = time.GetElapsedTime(start);

        milliseconds.Sort();
        return new ProducerReply
        {
            Jobs = count,
            PerSecond = count / elapsed.TotalSeconds,
            P50Milliseconds = milliseconds[count / 2],
            P99Milliseconds = milliseconds[(int)(count * 0.99)],
            Wrong = wrong,
        };

        async Task RunSomeAsync()
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                var submitted = time.GetTimestamp();
                var isRight = await runOneAsync();
                milliseconds[i] = time.GetElapsedTime(submitted).TotalMilliseconds;
                if (!isRight) Interlocked.Increment(ref wrong);
            }
        }
    }
}
