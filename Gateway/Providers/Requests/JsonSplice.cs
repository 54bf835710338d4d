
namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>Changes parts of a JSON text and leaves all others as they came, byte by byte.</summary>
internal static class JsonSplice
{
    /// <param name="json">The text.</param>
    /// <param name="edits">What stands where instead; the places do not overlap, in any order.</param>
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
