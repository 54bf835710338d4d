using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AiPlatform.Gateway.Answers;

/// <summary>Body of every route with a typed answer.</summary>
internal sealed record PromptRequest
{
    public const int MaxPromptLength = 100_000;

    [Description("What the model is asked, or the text that it works on.")]
    [StringLength(MaxPromptLength, MinimumLength = 1)]
    public required string Prompt { get; init; }
}
