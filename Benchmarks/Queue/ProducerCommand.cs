using System.Globalization;
using System.Text.Json;
using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>
/// A command to a producer process, one line on standard input. It answers each command with a <see cref="ProducerReply"/>.
/// </summary>
/// <param name="Name"><see cref="Throughput"/> or <see cref="Latency"/>.</param>
/// <param name="Jobs">How many jobs.</param>
internal readonly record struct ProducerCommand(string Name, int Jobs)
{
    /// <summary>Runs as many jobs at a time as the producer was started for.</summary>
    public const string Throughput = "throughput";

    /// <summary>Runs one job at a time, after a warm-up.</summary>
    public const string Latency = "latency";

    /// <exception cref="BenchmarkException">Not every job had the result that it should have.</exception>
    public async Task<ProducerReply> AskAsync(ChildProcess producer, CancellationToken cancellationToken)
    {
        var answer = await producer.AskAsync(ToString(), cancellationToken);
        var reply = JsonSerializer.Deserialize<ProducerReply>(answer) ?? throw new BenchmarkException($"The producer answered '{answer}'.");
        return reply.Wrong == 0 ? reply : throw new BenchmarkException($"{reply.Wrong} of {reply.Jobs} jobs had no or another result.");
    }

    public static ProducerCommand Parse(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return new ProducerCommand(line[..space], int.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} {Jobs}");
}
