using System.Runtime.InteropServices;

namespace AiPlatform.Chaos;

/// <summary><c>./ai chaos</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var (wanted, misuse) = ChaosArguments.Parse(args);
        if (wanted is null)
        {
            await Console.Error.WriteLineAsync($"error: {misuse}\n'./ai help chaos' shows the usage.");
            return 2;
        }

        // Started processes must be ended even on Ctrl-C.
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            return await new ChaosCommand(wanted, Console.Out).RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
