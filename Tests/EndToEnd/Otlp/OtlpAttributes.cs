using System.Globalization;

namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>Reads attributes, <c>KeyValue</c> messages; every value as text.</summary>
internal static class OtlpAttributes
{
    public static IReadOnlyDictionary<string, string> Read(WireMessage message, int field) =>
        message.Messages(field).ToDictionary(pair => pair.Text(1), pair => Value(pair.Message(2)), StringComparer.Ordinal);

    private static string Value(WireMessage value)
    {
        if (value.Has(2)) return value.Bits(2) == 1 ? "true" : "false";
        if (value.Has(3)) return ((long)value.Bits(3)).ToString(CultureInfo.InvariantCulture);
        if (value.Has(4)) return BitConverter.UInt64BitsToDouble(value.Bits(4)).ToString(CultureInfo.InvariantCulture);
        return value.Has(5) ? string.Join(",", value.Message(5).Messages(1).Select(Value)) : value.Text(1);
    }
}
