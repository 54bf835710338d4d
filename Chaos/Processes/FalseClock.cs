using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>
/// A wall clock for one process that can be stepped, as an administrator or NTP steps a machine's clock. It uses Debian's package
/// <c>faketime</c>; the monotonic clock is not changed, as on a real machine. Redis' allocator, jemalloc, reads the clock before that
/// library is ready, so the C library's allocator is loaded before it.
/// </summary>
internal sealed class FalseClock : IDisposable
{
    /// <summary>The message when it is not installed.</summary>
    public const string Missing = "libfaketime is not installed, on Debian: apt-get install faketime.";

    private readonly string _file = Path.GetTempFileName();

    public FalseClock() => Step(TimeSpan.Zero);

    /// <summary>The path of the package's library; null if it is not installed.</summary>
    public static string? Library { get; } = Find();

    public IReadOnlyList<(string Key, string Value)> Environment =>
    [
        ("LD_PRELOAD", $"{Library ?? throw new InvalidOperationException(Missing)}:libc.so.6"),
        ("FAKETIME_TIMESTAMP_FILE", _file), ("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1"),
    ];

    /// <summary>Sets the clock ahead of the machine's clock by this offset, or behind it if negative.</summary>
    public void Step(TimeSpan offset)
    {
        // The file is replaced atomically, because the process reads it at every read of its clock.
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
