namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>Reads the whole body of a provider's answer, up to a limit.</summary>
internal static class AnswerBody
{
    /// <returns>The bytes; null when there are more than <paramref name="limit"/>.</returns>
    /// <exception cref="IOException">The connection broke, or the body ended early.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(Stream content, int limit, CancellationToken cancellationToken)
    {
        var buffer = PooledBytes.Rent(limit + 1);
        try
        {
            var length = 0;
            while (await content.ReadAsync(buffer.AsMemory(length), cancellationToken) is var read and > 0)
            {
                length += read;
                if (length > limit) return null;
                if (length == buffer.Length) PooledBytes.Grow(ref buffer, length, limit + 1L);
            }

            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            PooledBytes.Return(buffer);
        }
    }
}
