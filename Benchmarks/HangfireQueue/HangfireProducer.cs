using System.Collections.Concurrent;
using System.Globalization;
using AiPlatform.Benchmarks.Queue;
using Hangfire;

namespace AiPlatform.Benchmarks.HangfireQueue;

/// <summary>A process that enqueues <see cref="HangfireJob"/>s, and waits for the end of each.</summary>
internal static class HangfireProducer
{
    /// <summary>The argument that runs this program as this producer.</summary>
    public const string Role = "hangfire-producer";

    private static readonly string Payload = new('p', NoopModel.PayloadBytes);

    /// <summary>Prints <c>ready</c>, then answers <see cref="ProducerCommand"/>s until standard input ends.</summary>
    public static async Task RunAsync(string address, int inFlight)
    {
        // Hangfire enqueues synchronously, so each job in flight holds a thread for a while.
        ThreadPool.SetMinThreads(2 * inFlight, inFlight);
        var client = new BackgroundJobClient(await HangfireJob.ConnectAsync(address));
        var waiting = new ConcurrentDictionary<string, TaskCompletionSource<string>>();
        var ends = await HangfireJob.Redis.GetSubscriber().SubscribeAsync(HangfireJob.Ends);
        ends.OnMessage(message =>
        {
            var parts = ((string)message.Message!).Split(' ', 2);
            if (waiting.TryRemove(parts[0], out var end)) end.TrySetResult(parts[1]);
        });

        var last = 0;
        Console.WriteLine("ready");
        await ProducerLoop.AnswerAsync(inFlight, async () =>
        {
            var id = Interlocked.Increment(ref last).ToString(CultureInfo.InvariantCulture);
            var end = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting[id] = end;
            client.Enqueue(() => HangfireJob.Run(id, Payload));
            return (await end.Task).Length == NoopModel.PayloadBytes;
        });
    }
}
