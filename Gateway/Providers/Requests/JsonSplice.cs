
namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>Replaces parts of a JSON text and leaves all other bytes unchanged.</summary>
internal static class JsonSplice
{
    /// <param name="json">The text.</param>
    /// <param name="edits">The ranges and their new texts; the ranges do not overlap and may be in any order.</param>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> json, List<(Range At, byte[] Text)> edits)
    {
        if (edits.Count == 0) return json;

        edits.Sort((one, other) => one.At.Start.Value.CompareTo(other.At.Start.Value));
        var written = new byte[json.Length + edits.Sum(edit => edit.Text.Length - (edit.At.End.Value - edit.At.Start.Value))];
        var (from, to) = (0, 0);
        foreach (var (at, text) in edits)
        {
            json.Span[from..at.Start.Value].CopyTo(written.AsSpan(to));
            to += at.Start.Value - from;
            text.CopyTo(written.AsSpan(to));
            to += text.Length;
            from = at.End.Value;
        }

        json.Span[from..].CopyTo(written.AsSpan(to));
        return written;
    }
}
