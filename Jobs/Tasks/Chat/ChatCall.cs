using System.Globalization;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>A valid body of <c>/v1/chat/completions</c> for a model of our own workers, without its messages.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
public sealed record ChatCall(string Model) : TaskCall(Model)
{
    /// <summary>Most answers to one request.</summary>
    public const int MaxChoices = 128;

    /// <summary>What a tenant's share counts for an answer whose length nobody has limited, in tokens.</summary>
    private const int TypicalTokens = 256;

    /// <summary>About what a token takes in an answer, in bytes; with its likelihood, and with that of each other one.</summary>
    private const int BytesPerToken = 8;
    private const int BytesPerLikelihood = 96;

    /// <summary>About what an answer takes besides its tokens, in bytes.</summary>
    private const int BytesPerAnswer = 512;

    public override bool Streams => WantsStream;

    /// <summary><c>stream</c>.</summary>
    public bool WantsStream { get; init; }

    /// <summary><c>stream_options.include_usage</c>.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary><c>n</c>: how many answers.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>
    /// <c>max_completion_tokens</c>, or <c>max_tokens</c>: most tokens of each answer; null for what the model has room for.
    /// </summary>
    public int? MaxNewTokens { get; init; }

    public double Temperature { get; init; } = 1;

    public double TopP { get; init; } = 1;

    /// <summary>0 keeps all tokens.</summary>
    public int TopK { get; init; }

    public double MinP { get; init; }

    public double PresencePenalty { get; init; }

    public double FrequencyPenalty { get; init; }

    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Null: the job's id gives one, so that whoever runs it draws the same.</summary>
    public long? Seed { get; init; }

    /// <summary><c>ignore_eos</c>: whether tokens that end a text are like all others.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary><c>stop</c>: none empty.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary><c>logit_bias</c>: tokens, each once, that may not be of the model's, and what is added.</summary>
    public IReadOnlyList<KeyValuePair<int, double>> LogitBias { get; init; } = [];

    /// <summary><c>logprobs</c>.</summary>
    public bool Likelihoods { get; init; }

    /// <summary><c>top_logprobs</c>.</summary>
    public int TopLikelihoods { get; init; }

    /// <summary>
    /// What a model of ours cannot take of the request: a field that is wrong, or one that it does not support yet; null when there is
    /// nothing.
    /// </summary>
    public InferenceError? Misfit { get; init; }

    public override InferenceError? Check(ModelDescriptor model) => Misfit ?? (MaxNewTokens >= model.MaxTokens
        ? new InferenceError
        {
            Kind = InferenceErrorKind.ContextLengthExceeded,
            Message = string.Create(
                CultureInfo.InvariantCulture,
                $"An answer of up to {MaxNewTokens} tokens is asked for; '{model.Name}' has room for {model.MaxTokens} tokens, messages "
                + $"and answer together."),
            Param = "max_completion_tokens",
        }
        : null);

    public override long Cost(int bodyBytes) => bodyBytes + ((long)Choices * (MaxNewTokens ?? TypicalTokens) * BytesPerToken);

    public override long ResultBytes(ModelDescriptor model)
    {
        long token = BytesPerToken + (Likelihoods ? BytesPerLikelihood * (1 + TopLikelihoods) : 0);
        return Choices * (BytesPerAnswer + (Math.Min(MaxNewTokens ?? model.MaxTokens, model.MaxTokens) * token));
    }
}
