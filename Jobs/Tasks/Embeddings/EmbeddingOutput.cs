using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>
/// The stored result of an embedding job: 16 bytes of header, then <c>[rows, dimensions]</c> 32-bit floats, all little-endian. The Gateway
/// turns it into JSON or base64 at the HTTP edge.
/// <code>byte 0 version (1) · 1 format · 2..3 zero · 4..7 rows · 8..11 dimensions · 12..15 prompt tokens</code>
/// </summary>
public readonly struct EmbeddingOutput
{
    public const string ContentType = "application/vnd.aiplatform.embeddings";

    private const byte Version = 1;
    private const int HeaderBytes = 16;

    private readonly ReadOnlyMemory<byte> _content;

    private EmbeddingOutput(ReadOnlyMemory<byte> content) => _content = content;

    public EmbeddingFormat Format => (EmbeddingFormat)_content.Span[1];

    public int Rows => BinaryPrimitives.ReadInt32LittleEndian(_content.Span[4..]);

    public int Dimensions => BinaryPrimitives.ReadInt32LittleEndian(_content.Span[8..]);

    /// <summary>Tokens of all inputs, special tokens included.</summary>
    public int PromptTokens => BinaryPrimitives.ReadInt32LittleEndian(_content.Span[12..]);

    /// <summary>Bytes of a result of this shape.</summary>
    public static int ByteCount(int rows, int dimensions) => checked(HeaderBytes + (rows * dimensions * sizeof(float)));

    /// <summary>Makes a result whose vectors the caller fills in through <see cref="MutableRow"/>.</summary>
    public static byte[] Create(int rows, int dimensions, int promptTokens, EmbeddingFormat format)
    {
        var content = new byte[ByteCount(rows, dimensions)];
        content[0] = Version;
        content[1] = (byte)format;
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(4), rows);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(8), dimensions);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(12), promptTokens);
        return content;
    }

    /// <summary>One vector inside a result made by <see cref="Create"/>.</summary>
    public static Span<float> MutableRow(byte[] content, int row)
    {
        var dimensions = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(8));
        return MemoryMarshal.Cast<byte, float>(content.AsSpan(HeaderBytes)).Slice(row * dimensions, dimensions);
    }

    /// <exception cref="FormatException">The bytes are of another version, or their length does not match the header.</exception>
    public static EmbeddingOutput Parse(ReadOnlyMemory<byte> content)
    {
        if (content.Length < HeaderBytes || content.Span[0] != Version)
            throw new FormatException("The stored embeddings are of a form that this version cannot read.");

        var output = new EmbeddingOutput(content);
        if (output.Rows < 0 || output.Dimensions <= 0
            || HeaderBytes + ((long)output.Rows * output.Dimensions * sizeof(float)) != content.Length)
        {
            throw new FormatException("The stored embeddings are not as long as their header says.");
        }
        return output;
    }

    /// <summary>The bytes of one vector: little-endian 32-bit floats.</summary>
    public ReadOnlySpan<byte> RowBytes(int row) =>
        _content.Span.Slice(HeaderBytes + (row * Dimensions * sizeof(float)), Dimensions * sizeof(float));

    /// <summary>One vector, <c>[dimensions]</c>.</summary>
    public ReadOnlySpan<float> Row(int row) => MemoryMarshal.Cast<byte, float>(RowBytes(row));
}
