using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Submission;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.ServiceDefaults;
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
        BatchScheduling.Apply();
        await using var gateway = Gateway.Program.Build([]);
        await gateway.StartAsync();
        var jobs = gateway.Services.GetRequiredService<JobCalls>();
        Console.WriteLine("ready");

        await ProducerLoop.AnswerAsync(inFlight, () => RunOneAsync(jobs));
    }

    private static async Task<bool> RunOneAsync(JobCalls calls)
    {
        var end = await calls.RunAsync(Call, Terms, CancellationToken.None);
        return end.Job?.Output?.Content.Length == NoopModel.PayloadBytes;
    }
}
