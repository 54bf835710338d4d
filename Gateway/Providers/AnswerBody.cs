using System.Buffers;

namespace AiPlatform.Gateway.Providers;

/// <summary>Reads a provider's body whole, up to a limit.</summary>
internal static class AnswerBody
{
    private const int FirstBytes = 4 * 1024;

    /// <returns>The bytes; null when there are more than <paramref name="limit"/>.</returns>
    /// <exception cref="IOException">The connection broke, or the body ended early.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(Stream content, int limit, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(FirstBytes, limit + 1));
        try
        {
            var length = 0;
            while (await content.ReadAsync(buffer.AsMemory(length), cancellationToken) is var read and > 0)
            {
                length += read;
                if (length > limit) return null;
                if (length < buffer.Length) continue;

                var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * buffer.Length, limit + 1L));
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }

            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
