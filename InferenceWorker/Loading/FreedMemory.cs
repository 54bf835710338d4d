using System.Runtime.InteropServices;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Gives memory back to the system that an unloaded model has freed.</summary>
internal static partial class FreedMemory
{
    private static bool _isMissing = !OperatingSystem.IsLinux();

    /// <summary>
    /// A quiet process would keep the model's objects until its next full collection, and glibc would keep what native code has freed, for
    /// the threads that had allocated it. The collection stops the process for some tens of milliseconds, once for each unloaded model.
    /// </summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        GC.WaitForPendingFinalizers();
        // This mode also gives the empty parts of the heap back.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (_isMissing) return;
        try
        {
            _ = TrimHeap(0);
        }
        catch (Exception other) when (other is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library, such as musl, gives memory back by itself.
            _isMissing = true;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint kept);
}
