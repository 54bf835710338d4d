using System.Runtime.InteropServices;

namespace AiPlatform.Cli.Chat;

/// <summary>Handles Ctrl-C: stops the answer in progress. If there is none, or it is stopping already, Ctrl-C ends the program.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PosixSignalRegistration _registration;
    private CancellationTokenSource? _answer;

    public Interrupts() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);

    /// <summary>Runs an answer that Ctrl-C can stop.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> answer)
    {
        using var ends = new CancellationTokenSource();
        lock (_gate) _answer = ends;
        try
        {
            return await answer(ends.Token);
        }
        finally
        {
            lock (_gate) _answer = null;
        }
    }

    public void Dispose() => _registration.Dispose();

    private void Interrupt(PosixSignalContext signal)
    {
        lock (_gate)
        {
            if (_answer is not { IsCancellationRequested: false } answer) return;
            signal.Cancel = true;
            // Continuations of the canceled answer must not run under the lock.
            _ = answer.CancelAsync();
        }
    }
}
