using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AiPlatform.Jobs;

/// <summary>
/// A job's public id: <c>job_</c>, 26 characters that sort by time (48 bits of milliseconds, 80 random bits, Crockford
/// base 32 in lower case), <c>.</c>, and the queue's name, so that any Gateway finds the job.
/// </summary>
public readonly record struct JobId
{
    private const string Prefix = "job_";
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int KeyLength = 26;

    /// <summary>
    /// Random bytes that are taken from the system at a time. One call for each id would cost more than everything else in making it.
    /// </summary>
    private const int RandomReserve = 1_000;

    [ThreadStatic]
    private static byte[]? _random;

    [ThreadStatic]
    private static int _randomLeft;

    private static readonly SearchValues<char> AlphabetCharacters = SearchValues.Create(Alphabet);

    private JobId(string key, QueueName queue)
    {
        Key = key;
        Queue = queue;
    }

    /// <summary>The 26 characters that name the job inside its queue.</summary>
    public string Key { get; }

    public QueueName Queue { get; }

    /// <summary>When it was made, in seconds since 1970, as the id says; its maker's clock may be wrong.</summary>
    public long MadeAtSecond
    {
        get
        {
            var bits = UInt128.Zero;
            foreach (var character in Key) bits = (bits << 5) | (uint)Math.Max(0, Alphabet.IndexOf(character, StringComparison.Ordinal));
            return (long)(bits >> 80) / 1_000;
        }
    }

    /// <summary>A new id; ids of one process made in different milliseconds sort by time.</summary>
    public static JobId New(QueueName queue, DateTimeOffset now)
    {
        Span<byte> entropy = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(entropy, now.ToUnixTimeMilliseconds() << 16);
        FillRandom(entropy[6..]);
        var bits = new UInt128(BinaryPrimitives.ReadUInt64BigEndian(entropy), BinaryPrimitives.ReadUInt64BigEndian(entropy[8..]));

        Span<char> key = stackalloc char[KeyLength];
        for (var i = KeyLength - 1; i >= 0; i--, bits >>= 5)
            key[i] = Alphabet[(int)(bits & 31)];

        return new JobId(key.ToString(), queue);
    }

    /// <summary>The id of a job whose queue is known: what scripts return.</summary>
    public static JobId FromKey(string key, QueueName queue) => new(key, queue);

    /// <summary>Reads the public form. False for anything <see cref="ToString"/> cannot have written.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out JobId id)
    {
        id = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        text = text[Prefix.Length..];
        if (text.Length <= KeyLength + 1 || text[KeyLength] != '.') return false;

        var key = text[..KeyLength];
        if (key.ContainsAnyExcept(AlphabetCharacters) || !QueueName.TryParse(text[(KeyLength + 1)..], out var queue)) return false;

        id = new JobId(key.ToString(), queue);
        return true;
    }

    private static void FillRandom(Span<byte> bytes)
    {
        if (_randomLeft < bytes.Length)
        {
            RandomNumberGenerator.Fill(_random ??= new byte[RandomReserve]);
            _randomLeft = RandomReserve;
        }

        _random.AsSpan(_randomLeft -= bytes.Length, bytes.Length).CopyTo(bytes);
    }

    public override string ToString() => $"{Prefix}{Key}.{Queue}";
}
