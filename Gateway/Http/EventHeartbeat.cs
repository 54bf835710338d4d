using System.Buffers;
using System.IO.Pipelines;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// Writes a comment into a stream of events now and then while nothing happens, so that nobody takes the connection for dead.
/// </summary>
internal static class EventHeartbeat
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Waits for what comes next, and beats meanwhile.</summary>
    public static async Task<bool> UntilAsync(Task<bool> next, PipeWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await next.WaitAsync(Interval, time, cancellationToken);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                output.Write(": \n\n"u8);
                await output.FlushAsync(cancellationToken);
            }
        }
    }
}
