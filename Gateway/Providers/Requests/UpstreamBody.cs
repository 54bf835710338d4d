using System.Buffers;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Routing;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>
/// Writes the body for a provider: the caller's bytes with another model name, without our own fields, and with the fields that we add.
/// </summary>
internal static class UpstreamBody
{
    /// <param name="request">The request as sent.</param>
    /// <param name="model">The model to call.</param>
    /// <param name="asksUsage">Whether to ask for the usage of a stream although the caller did not.</param>
    /// <param name="conversation">Messages to append to the caller's, as JSON objects; empty for none.</param>
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

    /// <summary>Extends the range of the first field, which has no comma before it, by the comma behind it.</summary>
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

        // The other options stay; the field itself is replaced.
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
