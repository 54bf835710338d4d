using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>
/// Checks the vectors of an answer while the answer is read: one for each input, all of one width, all numbers finite. It notes vectors
/// that are not in the requested form, because some providers do not know <c>encoding_format</c>; the others stay as they came.
/// </summary>
/// <param name="inputs">How many vectors there must be.</param>
/// <param name="format">The requested form; null for a form that only the provider knows.</param>
internal sealed class EmbeddingsCheck(int inputs, EmbeddingFormat? format)
{
    /// <summary>A number with at most this many digits and without an exponent is always finite.</summary>
    private const int FiniteDigits = 38;

    private readonly bool[] _seen = new bool[inputs];
    private readonly List<Range> _otherForm = [];
    private int _vectors;
    private int _width;
    private string? _misfit;

    /// <summary>What is wrong with the answer after it has been read; null when nothing is wrong.</summary>
    public string? Misfit => _misfit ?? (_vectors == inputs ? null : $"it has {_vectors} embeddings for {inputs} inputs");

    /// <summary>Reads <c>data</c>. The reader is on the value before the call and, if it is an array, on its end after the call.</summary>
    /// <exception cref="JsonException">It is not valid JSON.</exception>
    /// <exception cref="InvalidOperationException">A name in it is not valid Unicode.</exception>
    public void Read(ref Utf8JsonReader data)
    {
        if (data.TokenType != JsonTokenType.StartArray) return;

        while (data.Read() && data.TokenType != JsonTokenType.EndArray)
        {
            if (data.TokenType == JsonTokenType.StartObject) ReadItem(ref data);
            else data.Skip();
        }
    }

    /// <summary>The answer with every vector in the requested form.</summary>
    /// <param name="answer">The answer that was read.</param>
    public ReadOnlyMemory<byte> InForm(ReadOnlyMemory<byte> answer) =>
        JsonSplice.Apply(answer, [.. _otherForm.Select(at => (at, Converted(answer.Span[at])))]);

    private void ReadItem(ref Utf8JsonReader item)
    {
        var index = _vectors;
        var width = 0;
        while (item.Read() && item.TokenType == JsonTokenType.PropertyName)
        {
            var isIndex = item.ValueTextEquals("index"u8);
            var isEmbedding = item.ValueTextEquals("embedding"u8);
            item.Read();
            if (isIndex) index = item.TokenType == JsonTokenType.Number && item.TryGetInt32(out var number) ? number : -1;
            if (isEmbedding) width = ReadVector(ref item);
            item.Skip();
        }

        _vectors++;
        if (index < 0 || index >= inputs || _seen[index]) _misfit ??= $"its embeddings do not have each index from 0 to {inputs - 1} once";
        else _seen[index] = true;
        if (width <= 0) _misfit ??= "it has an embedding that is not a vector of finite numbers";
        else if (_width == 0) _width = width;
        else if (_width != width) _misfit ??= $"its embeddings have {_width} and {width} numbers";
    }

    /// <summary>Reads a vector and returns its width; 0 when it is not a vector.</summary>
    private int ReadVector(ref Utf8JsonReader vector)
    {
        var start = (int)vector.TokenStartIndex;
        var (form, width) = vector.TokenType switch
        {
            JsonTokenType.StartArray => (EmbeddingFormat.Float, CountNumbers(ref vector)),
            JsonTokenType.String => (EmbeddingFormat.Base64, CountBase64(ref vector)),
            _ => (EmbeddingFormat.Float, 0),
        };
        if (format is { } wanted && wanted != form && width > 0) _otherForm.Add(start..(int)vector.BytesConsumed);
        return width;
    }

    private static int CountNumbers(ref Utf8JsonReader vector)
    {
        var count = 0;
        var areFinite = true;
        while (vector.Read() && vector.TokenType != JsonTokenType.EndArray)
        {
            areFinite &= vector.TokenType == JsonTokenType.Number && IsFinite(ref vector);
            vector.Skip();
            count++;
        }

        return areFinite ? count : 0;
    }

    private static bool IsFinite(ref Utf8JsonReader number) =>
        (number.ValueSpan.Length <= FiniteDigits && !number.ValueSpan.ContainsAny((byte)'e', (byte)'E'))
        || (number.TryGetSingle(out var value) && float.IsFinite(value));

    private static int CountBase64(ref Utf8JsonReader vector)
    {
        if (vector.ValueIsEscaped) return vector.TryGetBytesFromBase64(out var unescaped) ? CountFloats(unescaped) : 0;

        var decoded = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(vector.ValueSpan.Length));
        try
        {
            return Base64.DecodeFromUtf8(vector.ValueSpan, decoded, out _, out var length) == OperationStatus.Done
                ? CountFloats(decoded.AsSpan(0, length))
                : 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(decoded);
        }
    }

    private static int CountFloats(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % sizeof(float) != 0) return 0;

        var values = MemoryMarshal.Cast<byte, float>(bytes);
        foreach (var value in values)
            if (!float.IsFinite(value)) return 0;
        return values.Length;
    }

    /// <summary>Converts numbers to base64, and base64 to numbers.</summary>
    private static byte[] Converted(ReadOnlySpan<byte> vector)
    {
        var reader = new Utf8JsonReader(vector);
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
            return JsonSerializer.SerializeToUtf8Bytes(MemoryMarshal.Cast<byte, float>(reader.GetBytesFromBase64()).ToArray());

        List<float> values = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.Number) values.Add(reader.GetSingle());
        return JsonSerializer.SerializeToUtf8Bytes(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)).ToArray());
    }
}
