namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>A data point of a metric as it was exported.</summary>
/// <param name="Service">The service that exported it.</param>
/// <param name="Metric">The metric's name.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Value">The value; for a histogram, the sum.</param>
/// <param name="Count">The number of values of a histogram; else 0.</param>
/// <param name="Attributes">Its labels.</param>
internal sealed record OtlpPoint(
    string Service, string Metric, string Unit, double Value, ulong Count, IReadOnlyDictionary<string, string> Attributes)
{
    private const int Histogram = 9;

    /// <summary>The points of an export, an <c>ExportMetricsServiceRequest</c>.</summary>
    public static IEnumerable<OtlpPoint> Read(WireMessage export) =>
        from resource in export.Messages(1)
        let service = OtlpAttributes.Read(resource.Message(1), 1)["service.name"]
        from scope in resource.Messages(2)
        from metric in scope.Messages(2)
        from kind in (int[])[5, 7, Histogram]
        from point in metric.Message(kind).Messages(1)
        select kind == Histogram
            ? new OtlpPoint(service, metric.Text(1), metric.Text(3), Real(point.Bits(5)), point.Bits(4), OtlpAttributes.Read(point, 9))
            : new OtlpPoint(service, metric.Text(1), metric.Text(3), point.Has(4)
                ? Real(point.Bits(4))
                : (long)point.Bits(6), 0, OtlpAttributes.Read(point, 7));

    private static double Real(ulong bits) => BitConverter.UInt64BitsToDouble(bits);
}
