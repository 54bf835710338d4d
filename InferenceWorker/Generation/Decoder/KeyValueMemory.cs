using AiPlatform.InferenceWorker.Generation.Places;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// The keys and values of all rows: for each layer two buffers of <c>[rows, heads, positions, head size]</c>. Rows are the outermost
/// dimension, so the first n rows of a buffer are themselves a tensor. Only one thread may use it at a time.
/// </summary>
internal sealed class KeyValueMemory(DecoderShape shape, ITensorMemory memory) : IDisposable
{
    private readonly nint[] _buffers = new nint[2 * shape.Layers];

    /// <summary>Keys and values in the memory of the process.</summary>
    public KeyValueMemory(DecoderShape shape)
        : this(shape, HostMemory.Instance)
    {
    }

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
                memory.Copy(
                    _buffers[i] + (nint)(kept[row].Slot * RowBytes), HeadBytes,
                    made[i] + (nint)(row * shape.KeyValueHeads * newHeadBytes), newHeadBytes,
                    Math.Min(kept[row].Positions, positions) * bytesPerPosition, shape.KeyValueHeads);
            }

            memory.Finish();
            memory.Free(_buffers[i]);
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
            memory.Copy(
                buffer + (nint)(from * RowBytes), HeadBytes, buffer + (nint)(to * RowBytes), HeadBytes, bytes, shape.KeyValueHeads);
        }
    }

    /// <summary>Exchanges the first positions of two rows.</summary>
    public void SwapRows(int one, int other, int positions)
    {
        var bytes = (long)positions * shape.HeadSize * shape.BytesPerNumber;
        foreach (var buffer in _buffers)
            memory.Swap(buffer + (nint)(one * RowBytes), buffer + (nint)(other * RowBytes), HeadBytes, bytes, shape.KeyValueHeads);
    }

    public void Dispose()
    {
        for (var i = 0; i < _buffers.Length; i++)
        {
            memory.Free(_buffers[i]);
            _buffers[i] = 0;
        }

        (Rows, Positions) = (0, 0);
        Version++;
    }

    /// <summary>Allocates all buffers or none.</summary>
    private nint[] Allocate(int rows, int positions)
    {
        var bytes = (long)rows * positions * shape.KeyValueHeads * shape.HeadSize * shape.BytesPerNumber;
        var made = new nint[_buffers.Length];
        try
        {
            for (var i = 0; i < made.Length; i++) made[i] = memory.Allocate(bytes);
            return made;
        }
        catch (OutOfMemoryException)
        {
            foreach (var buffer in made) memory.Free(buffer);
            throw;
        }
    }
}

/// <summary>A row that a change of the memory's shape keeps.</summary>
/// <param name="Slot">Its previous slot.</param>
/// <param name="Positions">Its computed positions.</param>
internal readonly record struct KeptRow(int Slot, int Positions);
