using System.Buffers;
using System.IO.Pipelines;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// Writes a comment into an idle stream of events from time to time, so that proxies and clients do not take the connection for dead.
/// </summary>
internal static class EventHeartbeat
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Waits for the next page, and writes heartbeats in the meantime.</summary>
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
