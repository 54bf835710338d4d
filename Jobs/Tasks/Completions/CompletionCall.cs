using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Completions;

/// <summary>A valid body of <c>/v1/completions</c>, without its prompts.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
public sealed record CompletionCall(string Model) : GenerationCall(Model)
{
    /// <summary>OpenAI's default of <c>max_tokens</c>.</summary>
    public const int DefaultTokens = 16;

    /// <summary>Most of the likeliest tokens that <c>logprobs</c> may ask for.</summary>
    public const int MaxTopLikelihoods = 5;

    public override string InputField => "prompt";

    public override int Prompts => PromptCount;

    /// <summary>How many prompts there are.</summary>
    public int PromptCount { get; init; } = 1;

    /// <summary>Whether <c>prompt</c> was one prompt and not a list. Errors name it accordingly.</summary>
    public bool IsSingle { get; init; }

    /// <summary><c>prompt</c> or <c>prompt[3]</c>.</summary>
    public string NameOf(int prompt) => IsSingle ? "prompt" : $"prompt[{prompt}]";

    public override AnswerForm FormOf(JobId job, string model) => new CompletionChunks(job, model, IncludesUsage);
}
