using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>A cheap HTTP client: one thread of C, so that the cores are left to what is measured.</summary>
internal static class LoadGenerator
{
    private static readonly TimeSpan CompileLimit = TimeSpan.FromMinutes(1);

    /// <summary>Longest time that one load may take.</summary>
    private static readonly TimeSpan LoadLimit = TimeSpan.FromMinutes(2);

    private static readonly string Binary = Path.Combine(Checkout.Peers, "loadgen");

    /// <summary>Compiles it, unless that is done.</summary>
    public static async Task CompileAsync(CancellationToken cancellationToken)
    {
        var source = Path.Combine(Checkout.PeerSources, "loadgen.c");
        if (File.Exists(Binary) && File.GetLastWriteTimeUtc(Binary) >= File.GetLastWriteTimeUtc(source)) return;

        Directory.CreateDirectory(Checkout.Peers);
        await ChildProcess.RunAsync("gcc", ["-O2", "-o", Binary, source], CompileLimit, cancellationToken);
    }

    /// <summary>
    /// Submits jobs, and waits for the end of each with a long poll below the path. <paramref name="done"/> stands in the answer of
    /// a job that succeeded, and in no other.
    /// </summary>
    public static Task<LoadResult> RunJobsAsync(Load load, string body, string done, CancellationToken cancellationToken) => RunAsync(
        load, ["-b", body, "-m", "job", "-i", "id", "-q", $"{load.Path}/{{id}}?wait=30", "-D", done, "-F", "\"failed\""], [], cancellationToken);

    /// <summary>
    /// Posts the lines of the file <paramref name="bodies"/> in turn. <paramref name="expected"/> stands in every right answer;
    /// <paramref name="launcher"/> is what the load generator is started with, such as <c>taskset -c 0,1</c>.
    /// </summary>
    public static Task<LoadResult> PostLinesAsync(
        Load load, string bodies, string expected, IReadOnlyList<string> launcher, CancellationToken cancellationToken) =>
        RunAsync(load, ["-B", bodies, "-e", expected], launcher, cancellationToken);

    private static async Task<LoadResult> RunAsync(
        Load load, IReadOnlyList<string> more, IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        string[] command =
        [
            .. launcher, Binary, "-p", Text(load.Port), "-c", Text(load.Connections), "-n", Text(load.Operations),
            "-d", Text((int)LoadLimit.TotalSeconds), "-X", "POST", "-u", load.Path, .. more,
        ];
        return LoadResult.Parse(await ChildProcess.RunAsync(command[0], command[1..], 2 * LoadLimit, cancellationToken));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
