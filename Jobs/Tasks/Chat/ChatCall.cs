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

    public override string LengthField => "max_completion_tokens";

    /// <summary>The tools that the answer may call; the grammar knows them already.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>Of a request with tools: what an answer that calls none must fit; null for free text.</summary>
    public AnswerGrammar? TextFormat { get; init; }

    public override AnswerForm FormOf(JobId job, string model) => new ChatChunks(job, model, IncludesUsage);
}
