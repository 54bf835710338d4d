using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AiPlatform.Gateway.Errors;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Http;

/// <summary>Reads seconds from <c>X-Request-Timeout</c> and <c>wait</c>.</summary>
internal static class RequestTimeout
{
    public const string Header = "X-Request-Timeout";

    /// <summary>One millisecond in seconds, the resolution of the queue's times. Shorter timeouts are rounded up to it.</summary>
    private const double Shortest = 0.001;

    /// <summary>The description of the header.</summary>
    public static OpenApiSchema Schema { get; } = new() { Type = JsonSchemaType.Number, ExclusiveMinimum = "0" };

    /// <summary>Parses the header's time, cut to <paramref name="longest"/>; null when the header is missing.</summary>
    public static bool TryParseHeader(
        string? header, TimeSpan longest, out TimeSpan? timeout, [NotNullWhen(false)] out InferenceError? error)
    {
        timeout = null;
        error = null;
        if (string.IsNullOrEmpty(header)) return true;

        if (!TryParseSeconds(header, out var seconds) || seconds <= 0)
        {
            error = InferenceError.Invalid(
                Header,
                $"{Header} is '{Refusals.Quoted(header)}': give a number of seconds above 0, such as 2.5. A time longer than "
                + $"{longest.TotalSeconds:0.###} s is shortened to it.");
            return false;
        }

        timeout = TimeSpan.FromSeconds(Math.Clamp(seconds, Shortest, longest.TotalSeconds));
        return true;
    }

    /// <summary>Accepts digits with an optional point, and no other form that a number parser might accept.</summary>
    public static bool TryParseSeconds(string text, out double seconds) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds) && double.IsFinite(seconds);
}
