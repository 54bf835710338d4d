using System.Buffers;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Routing;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>Writes the body that a provider gets: the caller's bytes, but for the model's name, our own fields, and what we add.</summary>
internal static class UpstreamBody
{
    /// <param name="request">The request as sent.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="asksUsage">Whether a stream is to end with its usage though the caller did not ask for it.</param>
    /// <param name="conversation">Messages to be put behind the caller's, as JSON objects; empty for none.</param>
    public static ReadOnlyMemory<byte> Write(
        ProviderRequest request, ProviderModel model, bool asksUsage, IReadOnlyList<byte[]> conversation) =>
        JsonSplice.Apply(request.Body, EditsOf(request, model, asksUsage, conversation));

    /// <summary>The caller's bytes, but for the model's name.</summary>
    public static ReadOnlyMemory<byte> WithModel(ProviderRequest request, string name) =>
        name == request.Model ? request.Body : JsonSplice.Apply(request.Body, [ModelEdit(request, name)]);

    private static (Range At, byte[] Text) ModelEdit(ProviderRequest request, string name) =>
        (request.ModelAt, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(name)));

    private static List<(Range At, byte[] Text)> EditsOf(
        ProviderRequest request, ProviderModel model, bool asksUsage, IReadOnlyList<byte[]> conversation)
    {
        List<(Range At, byte[] Text)> edits = [];
        if (model.UpstreamName != request.Model)
            edits.Add(ModelEdit(request, model.UpstreamName));
        foreach (var own in request.OwnFields) edits.Add((WithComma(request.Body.Span, own), []));
        if (asksUsage) edits.Add(UsageEdit(request));
        foreach (var message in conversation) edits.Add((request.MessagesEnd..request.MessagesEnd, [(byte)',', .. message]));
        return edits;
    }

    /// <summary>A field that stands first has no comma before it: it takes the one behind it.</summary>
    private static Range WithComma(ReadOnlySpan<byte> body, Range field)
    {
        var end = field.End.Value;
        if (body[field].TrimStart(" \r\n\t"u8)[0] == (byte)',') return field;

        while (end < body.Length && body[end] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t') end++;
        return body[end] == (byte)',' ? field.Start.Value..(end + 1) : field;
    }

    private static (Range At, byte[] Text) UsageEdit(ProviderRequest request)
    {
        if (request.StreamOptionsAt is not { } options)
        {
            var end = request.Body.Span.LastIndexOf((byte)'}');
            return (end..end, [.. ",\"stream_options\":{\"include_usage\":true}"u8]);
        }

        // What else stands in the options stays; the field itself is written anew.
        using var document = JsonDocument.Parse(request.Body[options]);
        var written = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(written))
        {
            writer.WriteStartObject();
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (var option in document.RootElement.EnumerateObject().Where(option => option.Name != "include_usage"))
                    option.WriteTo(writer);
            }
            writer.WriteBoolean("include_usage", true);
            writer.WriteEndObject();
        }

        return (options, written.WrittenSpan.ToArray());
    }
}
