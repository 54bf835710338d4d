using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>
/// A wall clock for one process that can be stepped, as an administrator or NTP steps a machine's. It is Debian's package
/// <c>faketime</c>; the monotonic clock stays as it is, as on a real machine. Redis' allocator, jemalloc, looks at the clock before that
/// library is ready, so the C library's is put before it.
/// </summary>
internal sealed class FalseClock : IDisposable
{
    /// <summary>What to do where it is not installed.</summary>
    public const string Missing = "libfaketime is not installed, on Debian: apt-get install faketime.";

    private readonly string _file = Path.GetTempFileName();

    public FalseClock() => Step(TimeSpan.Zero);

    /// <summary>Where the package has put its library; null where it is not installed.</summary>
    public static string? Library { get; } = Find();

    public IReadOnlyList<(string Key, string Value)> Environment =>
    [
        ("LD_PRELOAD", $"{Library ?? throw new InvalidOperationException(Missing)}:libc.so.6"),
        ("FAKETIME_TIMESTAMP_FILE", _file), ("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1"),
    ];

    /// <summary>The clock is this much ahead of the machine's, or (negative) behind it, from now on.</summary>
    public void Step(TimeSpan offset)
    {
        // Whole in one move: the process reads it with every look at its clock.
        var next = $"{_file}.next";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0;+0}s\n"));
        File.Move(next, _file, overwrite: true);
    }

    public void Dispose() => File.Delete(_file);

    private static string? Find()
    {
        string[] folders = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib64/faketime"];
        return folders.Select(folder => Path.Combine(folder, "libfaketimeMT.so.1")).FirstOrDefault(File.Exists);
    }
}
