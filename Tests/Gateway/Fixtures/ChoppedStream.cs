namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>Returns its bytes a few at a time, as a network does.</summary>
internal sealed class ChoppedStream(byte[] bytes, int step) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
}
