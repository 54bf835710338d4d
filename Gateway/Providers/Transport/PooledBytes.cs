using System.Buffers;

namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>Buffers of the shared pool that grow with what is read into them.</summary>
internal static class PooledBytes
{
    /// <summary>The size of a first buffer, which most answers and events fit into.</summary>
    private const int FirstBytes = 4 * 1024;

    /// <summary>Rents a first buffer, not larger than the most that can be needed.</summary>
    public static byte[] Rent(int most = int.MaxValue) => ArrayPool<byte>.Shared.Rent(Math.Min(FirstBytes, most));

    /// <summary>
    /// Replaces a buffer by one of twice the size, or of at least <paramref name="most"/> bytes if that is less, and returns the old one to
    /// the pool.
    /// </summary>
    /// <param name="bytes">The old buffer, and the new one after the call.</param>
    /// <param name="used">Bytes that are copied.</param>
    /// <param name="most">The most bytes that can be needed.</param>
    public static void Grow(ref byte[] bytes, int used, long most = long.MaxValue)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * bytes.Length, most));
        bytes.AsSpan(0, used).CopyTo(larger);
        Return(bytes);
        bytes = larger;
    }

    public static void Return(byte[] bytes) => ArrayPool<byte>.Shared.Return(bytes);
}
