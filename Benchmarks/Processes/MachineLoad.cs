using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>Measures the load of other programs during a measurement. The numbers of a run with much other load are not reliable.</summary>
internal sealed class MachineLoad
{
    /// <summary>Clock ticks per second in /proc, on every current Linux.</summary>
    private const double TicksPerSecond = 100;

    private readonly IReadOnlyList<ChildProcess> _own;
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly double _busy = BusySeconds();
    private readonly double _ownBusy;

    /// <param name="own">The processes that are measured.</param>
    public MachineLoad(params IReadOnlyList<ChildProcess> own)
    {
        _own = own;
        _ownBusy = OwnSeconds();
    }

    /// <summary>Cores that other programs, and other machines on the same host, used since this was made.</summary>
    /// <param name="endedSeconds">CPU time of own processes that have ended in the meantime.</param>
    public double OtherCores(double endedSeconds = 0)
    {
        var others = BusySeconds() - _busy - (OwnSeconds() - _ownBusy) - endedSeconds;
        return Math.Max(0, others / TimeProvider.System.GetElapsedTime(_start).TotalSeconds);
    }

    private double OwnSeconds() => _own.Sum(process => process.CpuTime.TotalSeconds) + Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>User, nice, system and stolen time of all cores; the other fields are idle, waiting and interrupts.</summary>
    private static double BusySeconds()
    {
        var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return times[1..4].Append(times[8]).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
