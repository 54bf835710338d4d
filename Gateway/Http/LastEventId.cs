using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AiPlatform.Gateway.Errors;
using Microsoft.Extensions.Primitives;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// The <c>Last-Event-ID</c> header: the last event that a reader has seen. Our event ids are numbers, so any other value is invalid.
/// </summary>
internal static class LastEventId
{
    public const string Header = "Last-Event-ID";

    /// <summary>The description of the header.</summary>
    public static OpenApiSchema Schema { get; } = new() { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0" };

    /// <summary>Parses the number of the last event seen; 0 when the header is missing.</summary>
    public static bool TryParse(StringValues header, out long sequence, [NotNullWhen(false)] out InferenceError? error)
    {
        sequence = 0;
        error = null;
        if (StringValues.IsNullOrEmpty(header)) return true;
        if (header.Count == 1 && long.TryParse(header[0], NumberStyles.None, CultureInfo.InvariantCulture, out sequence)) return true;

        error = Wrong(header.ToString());
        return false;
    }

    /// <summary>The job has had no event of this number.</summary>
    public static InferenceError NotYet(long sequence) => Wrong(sequence.ToString(CultureInfo.InvariantCulture));

    private static InferenceError Wrong(string text) => InferenceError.Invalid(
        Header, $"{Header} is '{Refusals.Quoted(text)}': send the id of an event of this job, or leave the header out to read "
            + $"all of them.");
}
