using System.Text.Json;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Submission;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>
/// A process that submits jobs and waits for their results exactly as a Gateway's synchronous calls do, but without HTTP: its calls come
/// from standard input.
/// </summary>
internal static class Producer
{
    /// <summary>The argument that runs this program as a producer.</summary>
    public const string Role = "producer";

    private const int LatencyWarmUpJobs = 100;

    private static readonly AdmittedCall Call = new(EmbeddingTask.Description, NoopModel.Name, NoopModel.Body);
    private static readonly JobTerms Terms = new()
    {
        Tenant = Tenants.Anonymous,
        Lane = Lane.Default,
        Deadline = TimeSpan.FromMinutes(1),
        Limits = null,
    };

    /// <summary>Prints <c>ready</c>, then answers <see cref="ProducerCommand"/>s until standard input ends.</summary>
    /// <param name="inFlight">Jobs at a time for <see cref="ProducerCommand.Throughput"/>.</param>
    public static async Task RunAsync(int inFlight)
    {
        await using var gateway = Gateway.Program.Build([]);
        await gateway.StartAsync();
        var jobs = gateway.Services.GetRequiredService<JobCalls>();
        Console.WriteLine("ready");

        while (await Console.In.ReadLineAsync() is { } line)
        {
            var command = ProducerCommand.Parse(line);
            var latency = command.Name == ProducerCommand.Latency;
            if (latency) await RunAsync(jobs, LatencyWarmUpJobs, 1);
            Console.WriteLine(JsonSerializer.Serialize(await RunAsync(jobs, command.Jobs, latency ? 1 : inFlight)));
        }
    }

    private static async Task<ProducerReply> RunAsync(JobCalls calls, int count, int inFlight)
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
                var end = await calls.RunAsync(Call, Terms, CancellationToken.None);
                milliseconds[i] = time.GetElapsedTime(submitted).TotalMilliseconds;
                if (end.Job?.Output?.Content.Length != NoopModel.PayloadBytes) Interlocked.Increment(ref wrong);
            }
        }
    }
}
