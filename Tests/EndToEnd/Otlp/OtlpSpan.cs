namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>A span as it was exported.</summary>
internal sealed record OtlpSpan
{
    public required string Service { get; init; }

    public required string TraceId { get; init; }

    public required string SpanId { get; init; }

    /// <summary>Empty for a root.</summary>
    public required string ParentId { get; init; }

    public required string Name { get; init; }

    /// <summary>1 internal, 2 server, 3 client, 4 producer, 5 consumer.</summary>
    public required int Kind { get; init; }

    public required ulong Start { get; init; }

    public required ulong End { get; init; }

    /// <summary>2 when it failed.</summary>
    public required int Status { get; init; }

    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    /// <summary>Its events: their names and attributes.</summary>
    public required IReadOnlyList<(string Name, IReadOnlyDictionary<string, string> Attributes)> Events { get; init; }

    /// <summary>The ids of the spans that it is linked to.</summary>
    public required IReadOnlyList<string> Links { get; init; }

    public string this[string attribute] => Attributes.GetValueOrDefault(attribute, "");

    /// <summary>The spans of an export, an <c>ExportTraceServiceRequest</c>.</summary>
    public static IEnumerable<OtlpSpan> Read(WireMessage export) =>
        from resource in export.Messages(1)
        let service = OtlpAttributes.Read(resource.Message(1), 1)["service.name"]
        from scope in resource.Messages(2)
        from span in scope.Messages(2)
        select new OtlpSpan
        {
            Service = service,
            TraceId = span.Hex(1),
            SpanId = span.Hex(2),
            ParentId = span.Hex(4),
            Name = span.Text(5),
            Kind = (int)span.Bits(6),
            Start = span.Bits(7),
            End = span.Bits(8),
            Status = (int)span.Message(15).Bits(3),
            Attributes = OtlpAttributes.Read(span, 9),
            Events = [.. span.Messages(11).Select(one => (one.Text(2), OtlpAttributes.Read(one, 3)))],
            Links = [.. span.Messages(13).Select(link => link.Hex(2))],
        };
}
