using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AiPlatform.Gateway.Answers;

/// <summary>Body of <c>POST /ask-ai</c>.</summary>
internal sealed record AskRequest
{
    [Description("What the model is asked.")]
    [StringLength(100_000, MinimumLength = 1)]
    public required string Prompt { get; init; }
}
