namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>A log record as it was exported.</summary>
/// <param name="Service">The service that exported it.</param>
/// <param name="Severity">As a word, such as <c>Information</c>.</param>
/// <param name="Body">The message.</param>
/// <param name="Attributes">The values of the message, and its scopes.</param>
internal sealed record OtlpLog(string Service, string Severity, string Body, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The records of an export, an <c>ExportLogsServiceRequest</c>.</summary>
    public static IEnumerable<OtlpLog> Read(WireMessage export) =>
        from resource in export.Messages(1)
        let service = OtlpAttributes.Read(resource.Message(1), 1)["service.name"]
        from scope in resource.Messages(2)
        from log in scope.Messages(2)
        select new OtlpLog(service, log.Text(3), log.Message(5).Text(1), ReadOnce(log));

    /// <summary>A record's attributes; scopes repeat names.</summary>
    private static Dictionary<string, string> ReadOnce(WireMessage log) => log.Messages(6)
        .GroupBy(pair => pair.Text(1), StringComparer.Ordinal)
        .ToDictionary(pairs => pairs.Key, pairs => string.Join(",", pairs.Select(pair => pair.Message(2).Text(1))), StringComparer.Ordinal);
}
