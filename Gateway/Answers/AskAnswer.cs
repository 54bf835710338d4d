using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AiPlatform.Gateway.Answers;

/// <summary>Answer of <c>POST /ask-ai</c>.</summary>
internal sealed record AskAnswer
{
    [Description("The answer to the prompt, as plain text.")]
    [MinLength(1)]
    public required string Answer { get; init; }
}
