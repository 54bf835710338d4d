using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>A cheap HTTP client: one thread of a C program, so that the measured programs get the cores.</summary>
internal static class LoadGenerator
{
    private const string Source = "loadgen";

    /// <summary>Longest wait for one answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How long it may run beyond the load's limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    /// <summary>Compiles it, unless that is done.</summary>
    public static Task CompileAsync(CancellationToken cancellationToken) => PeerProgram.CompileAsync(Source, cancellationToken);

    /// <summary>
    /// Submits jobs, and waits for the end of each with a long poll below the path. The answer of a job contains <paramref name="done"/>
    /// only if the job succeeded.
    /// </summary>
    /// <exception cref="BenchmarkException">Not everything succeeded.</exception>
    public static async Task<LoadResult> RunJobsAsync(Load load, string body, string done, CancellationToken cancellationToken) =>
        (await RunAsync(
        load, ["-b", body, "-m", "job", "-i", "id", "-q", $"{load.Path}/{{id}}?wait=30", "-D", done, "-F", "\"failed\""],
        cancellationToken)).Complete();

    /// <summary>
    /// Posts the lines of the file <paramref name="bodies"/> in turn. Every correct answer contains <paramref name="expected"/>.
    /// </summary>
    /// <exception cref="BenchmarkException">Not everything succeeded.</exception>
    public static async Task<LoadResult> PostLinesAsync(Load load, string bodies, string expected, CancellationToken cancellationToken) =>
        (await RunAsync(load, ["-B", bodies, "-e", expected], cancellationToken)).Complete();

    /// <summary>Posts the same body repeatedly; the result counts failures.</summary>
    /// <param name="load">The load.</param>
    /// <param name="body">The request.</param>
    /// <param name="streams">Whether an answer is a stream that must end with <c>[DONE]</c>.</param>
    /// <param name="expected">A text in every correct answer.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static Task<LoadResult> PostAsync(Load load, string body, bool streams, string expected, CancellationToken cancellationToken) =>
        RunAsync(load, ["-b", body, "-m", streams ? "sse" : "simple", "-e", expected], cancellationToken);

    private static async Task<LoadResult> RunAsync(Load load, IReadOnlyList<string> more, CancellationToken cancellationToken)
    {
        string[] command =
        [
            .. load.Launcher, PeerProgram.BinaryOf(Source), "-p", Text(load.Port), "-c", Text(load.Connections), "-n",
            Text(load.Operations),
            "-d", Text(load.Limit.TotalSeconds), "-r", Text(load.Ramp.TotalMilliseconds), "-T", Text(Patience.TotalMilliseconds),
            "-X", "POST", "-u", load.Path, .. load.Headers.SelectMany(header => new[] { "-H", header }), .. more,
        ];
        return LoadResult.Parse(await ChildProcess.RunAsync(command[0], command[1..], load.Limit + Grace, cancellationToken));
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
