using System.Buffers;

namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>Buffers of the shared pool that grow with what is read into them.</summary>
internal static class PooledBytes
{
    /// <summary>Most answers and events fit.</summary>
    private const int FirstBytes = 4 * 1024;

    /// <summary>A buffer to begin with; not larger than can be needed.</summary>
    public static byte[] Rent(int most = int.MaxValue) => ArrayPool<byte>.Shared.Rent(Math.Min(FirstBytes, most));

    /// <summary>
    /// Takes a buffer of twice the size, of <paramref name="most"/> bytes at least if that is less, and gives the old one back.
    /// </summary>
    /// <param name="bytes">The buffer, and the new one afterwards.</param>
    /// <param name="used">Bytes that are kept.</param>
    /// <param name="most">More will not be needed.</param>
    public static void Grow(ref byte[] bytes, int used, long most = long.MaxValue)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * bytes.Length, most));
        bytes.AsSpan(0, used).CopyTo(larger);
        Return(bytes);
        bytes = larger;
    }

    public static void Return(byte[] bytes) => ArrayPool<byte>.Shared.Return(bytes);
}
