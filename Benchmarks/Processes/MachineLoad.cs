using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>How busy others kept the machine while something was measured: numbers of a run with many such cores say little.</summary>
internal sealed class MachineLoad
{
    /// <summary>Clock ticks a second in /proc, on every Linux of today.</summary>
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

    /// <summary>Cores that other programs used since this was made.</summary>
    public double OtherCores()
    {
        var others = BusySeconds() - _busy - (OwnSeconds() - _ownBusy);
        return Math.Max(0, others / TimeProvider.System.GetElapsedTime(_start).TotalSeconds);
    }

    private double OwnSeconds() => _own.Sum(process => process.CpuTime.TotalSeconds) + Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>User, nice and system time of all cores: the first three numbers of the first line.</summary>
    private static double BusySeconds() => File.ReadLines("/proc/stat").First()
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..4]
        .Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
}
