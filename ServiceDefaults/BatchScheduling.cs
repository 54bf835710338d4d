using System.Globalization;
using System.Runtime.InteropServices;

namespace AiPlatform.ServiceDefaults;

/// <summary>
/// Linux's scheduling policy for throughput, <c>SCHED_BATCH</c>: a thread that wakes up waits until the thread that runs sleeps or has used
/// its time slice (about 3 ms), and does not interrupt it. Where one core does everything, a thread that waits for sockets then finds
/// many ready ones at once, instead of interrupting the work on the one before for each of them. Shares of CPU time stay the same.
/// </summary>
public static partial class BatchScheduling
{
    private const int Ordinary = 0;
    private const int Batch = 3;

    /// <summary>
    /// Applies it to the threads of this process; those that they start inherit it. A process that was started with another policy keeps
    /// that one. Where the policy does not exist, or a sandbox refuses it, nothing changes.
    /// </summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux()) return;

        foreach (var folder in Directory.EnumerateDirectories("/proc/self/task"))
        {
            var thread = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
            if (PolicyOf(thread) == Ordinary) _ = SetPolicy(thread, Batch, priority: 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_getscheduler")]
    private static partial int PolicyOf(int thread);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetPolicy(int thread, int policy, in int priority);
}
