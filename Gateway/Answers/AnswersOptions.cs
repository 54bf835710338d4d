using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Answers;

/// <summary>Settings of the routes with typed answers; section <c>Answers</c>.</summary>
internal sealed class AnswersOptions
{
    public const string SectionName = "Answers";

    /// <summary>
    /// The model that is asked by <c>/ask-ai</c>, <c>/generate</c> and routes of your own that name none: a key of <c>Models</c>, or a
    /// language model of our workers. Default none; then the first one of the workers' by name is asked, where no model is a provider's.
    /// </summary>
    [StringLength(128, MinimumLength = 1)]
    public string? Model { get; init; }

    /// <summary>
    /// The deadline of a whole call with its retries, fallbacks and corrections; <c>X-Request-Timeout</c> and the model's own
    /// <c>Timeout</c> can only shorten it. Default 10 s, 100 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Checks <see cref="AnswersOptions"/> at start, value by value.</summary>
[OptionsValidator]
internal sealed partial class AnswersOptionsValidator : IValidateOptions<AnswersOptions>;
