using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>
/// A valid body of <c>/v1/chat/completions</c> for a worker's model, without its messages. Its length is limited by
/// <c>max_completion_tokens</c>, or <c>max_tokens</c>.
/// </summary>
/// <param name="Model">The model's name, not yet looked up.</param>
public sealed record ChatCall(string Model) : GenerationCall(Model)
{
    public override string InputField => "messages";

    /// <summary>The tools that the answer may call; the grammar knows them already.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>Whether the answer must call a tool.</summary>
    public bool MustCall { get; init; }

    /// <summary>What an answer without calls must fit, in a request with tools; null for free text.</summary>
    public AnswerGrammar? TextFormat { get; init; }

    public override AnswerForm FormOf(JobId job, string model) => new ChatChunks(job, model, IncludesUsage);
}
