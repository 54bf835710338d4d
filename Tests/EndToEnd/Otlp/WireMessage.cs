using System.Buffers.Binary;
using System.Text;

namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>A protobuf message from the wire: fields by their numbers, with all values in their order.</summary>
internal sealed class WireMessage
{
    private readonly List<(int Number, ulong Bits, ReadOnlyMemory<byte> Bytes)> _fields = [];

    /// <exception cref="FormatException">The bytes are not a protobuf message.</exception>
    public static WireMessage Read(ReadOnlyMemory<byte> bytes)
    {
        var message = new WireMessage();
        for (var at = 0; at < bytes.Length;)
        {
            var tag = Varint(bytes.Span, ref at);
            var (number, content) = ((int)(tag >> 3), ReadOnlyMemory<byte>.Empty);
            var bits = 0UL;
            switch (tag & 7)
            {
                case 0: bits = Varint(bytes.Span, ref at); break;
                case 1: bits = BinaryPrimitives.ReadUInt64LittleEndian(Take(bytes, ref at, 8).Span); break;
                case 2: content = Take(bytes, ref at, checked((int)Varint(bytes.Span, ref at))); break;
                case 5: bits = BinaryPrimitives.ReadUInt32LittleEndian(Take(bytes, ref at, 4).Span); break;
                default: throw new FormatException($"Wire type {tag & 7} at {at}.");
            }

            message._fields.Add((number, bits, content));
        }

        return message;
    }

    public bool Has(int number) => _fields.Any(field => field.Number == number);

    public ulong Bits(int number) => _fields.LastOrDefault(field => field.Number == number).Bits;

    public ReadOnlyMemory<byte> Bytes(int number) => _fields.LastOrDefault(field => field.Number == number).Bytes;

    public string Text(int number) => Encoding.UTF8.GetString(Bytes(number).Span);

    /// <summary>An id of a trace or span; empty when there is none.</summary>
    public string Hex(int number) => Convert.ToHexStringLower(Bytes(number).Span);

    public WireMessage Message(int number) => Read(Bytes(number));

    /// <summary>Every message of a repeated field.</summary>
    public IEnumerable<WireMessage> Messages(int number) =>
        _fields.Where(field => field.Number == number).Select(field => Read(field.Bytes));

    private static ReadOnlyMemory<byte> Take(ReadOnlyMemory<byte> bytes, ref int at, int count)
    {
        if (count > bytes.Length - at) throw new FormatException($"A field at {at} is longer than the message.");
        at += count;
        return bytes.Slice(at - count, count);
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw new FormatException($"A number at {at} has no end.");
    }
}
