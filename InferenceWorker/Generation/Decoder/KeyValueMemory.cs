using System.Runtime.InteropServices;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// The keys and values of all rows: for each layer two buffers of <c>[rows, heads, positions, head size]</c>. Rows are the outermost
/// dimension, so the first n rows of a buffer are themselves a tensor. The memory is not managed by the garbage collector: its size is
/// exact, and the system provides pages only when they are written. Only one thread may use it at a time.
/// </summary>
internal sealed unsafe class KeyValueMemory(DecoderShape shape) : IDisposable
{
    private readonly nint[] _buffers = new nint[2 * shape.Layers];

    /// <summary>Slots for rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Positions of each row.</summary>
    public int Positions { get; private set; }

    /// <summary>Grows with every <see cref="Reshape"/>, after which earlier addresses are no longer valid.</summary>
    public int Version { get; private set; }

    public long Bytes => (long)Rows * Positions * shape.BytesPerPosition;

    private long HeadBytes => (long)Positions * shape.HeadSize * shape.BytesPerNumber;

    /// <summary>Bytes from one row of a buffer to the next.</summary>
    public long RowBytes => shape.KeyValueHeads * HeadBytes;

    /// <summary>The address of a layer's keys (or values) at a slot.</summary>
    public nint AddressOf(int layer, bool isValue, int slot) => _buffers[2 * layer + (isValue ? 1 : 0)] + (nint)(slot * RowBytes);

    /// <summary>
    /// Changes the number of rows and positions. Row <c>i</c> takes over the computed positions of <c>kept[i]</c>; further rows are empty.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory; nothing has changed.</exception>
    public void Reshape(int rows, int positions, ReadOnlySpan<KeptRow> kept)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept.Length, rows);
        var made = Allocate(rows, positions);
        var bytesPerPosition = (long)shape.HeadSize * shape.BytesPerNumber;
        var newHeadBytes = positions * bytesPerPosition;
        for (var i = 0; i < _buffers.Length; i++)
        {
            for (var row = 0; row < kept.Length; row++)
            {
                var bytes = Math.Min(kept[row].Positions, positions) * bytesPerPosition;
                for (var head = 0; head < shape.KeyValueHeads; head++)
                {
                    Copy(
                        _buffers[i] + (nint)(kept[row].Slot * RowBytes + head * HeadBytes),
                        made[i] + (nint)((row * shape.KeyValueHeads + head) * newHeadBytes), bytes);
                }
            }

            NativeMemory.Free((void*)_buffers[i]);
            _buffers[i] = made[i];
        }

        (Rows, Positions) = (rows, positions);
        Version++;
    }

    /// <summary>Copies the first positions of a row over those of another.</summary>
    public void CopyRow(int from, int to, int positions)
    {
        var bytes = (long)positions * shape.HeadSize * shape.BytesPerNumber;
        foreach (var buffer in _buffers)
        {
            for (var head = 0; head < shape.KeyValueHeads; head++)
            {
                var offset = head * HeadBytes;
                Copy(buffer + (nint)(from * RowBytes + offset), buffer + (nint)(to * RowBytes + offset), bytes);
            }
        }
    }

    /// <summary>Exchanges the first positions of two rows.</summary>
    public void SwapRows(int one, int other, int positions)
    {
        var length = checked((int)((long)positions * shape.HeadSize * shape.BytesPerNumber));
        foreach (var buffer in _buffers)
        {
            for (var head = 0; head < shape.KeyValueHeads; head++)
            {
                var offset = head * HeadBytes;
                Swap(
                    new Span<byte>((void*)(buffer + (nint)(one * RowBytes + offset)), length),
                    new Span<byte>((void*)(buffer + (nint)(other * RowBytes + offset)), length));
            }
        }
    }

    public void Dispose()
    {
        for (var i = 0; i < _buffers.Length; i++)
        {
            NativeMemory.Free((void*)_buffers[i]);
            _buffers[i] = 0;
        }

        (Rows, Positions) = (0, 0);
        Version++;
    }

    /// <summary>Allocates all buffers or none. Nothing is written into them, so they use no pages yet.</summary>
    private nint[] Allocate(int rows, int positions)
    {
        var bytes = checked((nuint)((long)rows * positions * shape.KeyValueHeads * shape.HeadSize * shape.BytesPerNumber));
        var made = new nint[_buffers.Length];
        try
        {
            for (var i = 0; i < made.Length; i++) made[i] = (nint)NativeMemory.AllocZeroed(bytes);
            return made;
        }
        catch (OutOfMemoryException)
        {
            foreach (var buffer in made) NativeMemory.Free((void*)buffer);
            throw;
        }
    }

    private static void Copy(nint from, nint to, long bytes) => Buffer.MemoryCopy((void*)from, (void*)to, bytes, bytes);

    private static void Swap(Span<byte> one, Span<byte> other)
    {
        Span<byte> between = stackalloc byte[4_096];
        while (one.Length > 0)
        {
            var part = between[..Math.Min(between.Length, one.Length)];
            one[..part.Length].CopyTo(part);
            other[..part.Length].CopyTo(one);
            part.CopyTo(other);
            one = one[part.Length..];
            other = other[part.Length..];
        }
    }
}

/// <summary>A row that a change of the memory's shape keeps.</summary>
/// <param name="Slot">Its previous slot.</param>
/// <param name="Positions">Its computed positions.</param>
internal readonly record struct KeptRow(int Slot, int Positions);
