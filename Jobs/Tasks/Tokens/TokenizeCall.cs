using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Jobs.Tasks.Tokens;

/// <summary>A valid body of <c>/v1/tokenize</c>, without its text.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
/// <param name="HasMessages">Whether it has <c>messages</c>, and no <c>prompt</c>.</param>
public sealed record TokenizeCall(string Model, bool HasMessages) : TaskCall(Model)
{
    /// <summary>Bytes of a token in the answer, about; and of one with its name.</summary>
    private const int BytesPerToken = 8;
    private const int BytesPerName = 16;

    /// <summary>Bytes of a token's text, about.</summary>
    private const int BytesOfToken = 4;

    /// <summary><c>add_special_tokens</c>: whether the tokenizer adds its special tokens around the text.</summary>
    public bool AddsSpecialTokens { get; init; } = true;

    /// <summary><c>add_generation_prompt</c>: whether a chat ends where the assistant's answer begins.</summary>
    public bool AddsGenerationPrompt { get; init; } = true;

    /// <summary><c>return_token_strs</c>: whether the answer has the tokens' names.</summary>
    public bool WantsNames { get; init; }

    /// <summary>Bytes of the request.</summary>
    public int BodyBytes { get; init; }

    public override InferenceError? Check(ModelDescriptor model) => HasMessages && model.Task != ChatTask.Kind
        ? InferenceError.Invalid("messages", $"The model '{model.Name}' does {model.Task} and has no chat template: give prompt.") : null;

    public override long ResultBytes(ModelDescriptor model) => BodyBytes / BytesOfToken * (BytesPerToken + (WantsNames ? BytesPerName : 0));
}

/// <summary>A valid body of <c>/v1/detokenize</c>, without its tokens.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
/// <param name="Tokens">How many tokens there are.</param>
public sealed record DetokenizeCall(string Model, int Tokens) : TaskCall(Model)
{
    /// <summary>Bytes of a token's text, about.</summary>
    private const int BytesOfToken = 4;

    public override long ResultBytes(ModelDescriptor model) => (long)Tokens * BytesOfToken;
}
