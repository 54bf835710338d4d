using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AiPlatform.Gateway.Answers;

/// <summary>Body of <c>POST /generate</c>.</summary>
internal sealed record GenerateRequest
{
    [Description("The text to summarize and to classify.")]
    [StringLength(100_000, MinimumLength = 1)]
    public required string Prompt { get; init; }
}
