namespace AiPlatform.Client.Http;

/// <summary>A stream to read from that fails when nothing comes for too long, as where a connection is lost without a word.</summary>
internal sealed class WatchedStream(Stream inner, TimeSpan silence, TimeProvider time) : ReadStream(inner)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var late = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await Inner.ReadAsync(buffer, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"Nothing came for {silence}.");
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
