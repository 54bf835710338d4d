using System.Globalization;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary>A valid body of a route that has a language model of our own workers generate text, without what the model reads.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
public abstract record GenerationCall(string Model) : TaskCall(Model)
{
    /// <summary>Most texts that one request may ask for.</summary>
    public const int MaxChoices = 128;

    /// <summary>What a tenant's share counts for an answer whose length nobody has limited, in tokens.</summary>
    private const int TypicalTokens = 256;

    /// <summary>About what a token takes in an answer, in bytes; with its likelihood, and with that of each other one.</summary>
    private const int BytesPerToken = 8;
    private const int BytesPerLikelihood = 96;

    /// <summary>About what an answer takes besides its tokens, in bytes.</summary>
    private const int BytesPerAnswer = 512;

    public override bool Streams => WantsStream;

    /// <summary>The field that has what the model reads.</summary>
    public abstract string InputField { get; }

    /// <summary>The field that limits an answer.</summary>
    public abstract string LengthField { get; }

    /// <summary>How many texts the model goes on behind.</summary>
    public virtual int Prompts => 1;

    /// <summary>How many texts are generated.</summary>
    public int Choices => Prompts * ChoicesPerPrompt;

    /// <summary><c>stream</c>.</summary>
    public bool WantsStream { get; init; }

    /// <summary><c>stream_options.include_usage</c>.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary><c>n</c>: how many answers to a prompt.</summary>
    public int ChoicesPerPrompt { get; init; } = 1;

    /// <summary>Most tokens of each answer; null for what the model has room for.</summary>
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

    /// <summary><c>logprobs</c>: whether the answer says how likely its tokens were.</summary>
    public bool Likelihoods { get; init; }

    /// <summary>How many of the likeliest tokens it names for each.</summary>
    public int TopLikelihoods { get; init; }

    /// <summary><c>response_format</c>: what each answer must fit; null for free text.</summary>
    public AnswerGrammar? Grammar { get; init; }

    /// <summary>
    /// What a model of ours cannot take of the request: a field that is wrong, or one that it does not support yet; null when there is
    /// nothing.
    /// </summary>
    public InferenceError? Misfit { get; init; }

    /// <summary>The form of its answers.</summary>
    /// <param name="job">Its job.</param>
    /// <param name="model">The model's name.</param>
    public abstract AnswerForm FormOf(JobId job, string model);

    public override InferenceError? Check(ModelDescriptor model) => Misfit ?? (MaxNewTokens >= model.MaxTokens
        ? new InferenceError
        {
            Kind = InferenceErrorKind.ContextLengthExceeded,
            Message = string.Create(
                CultureInfo.InvariantCulture,
                $"An answer of up to {MaxNewTokens} tokens is asked for; '{model.Name}' has room for {model.MaxTokens} tokens, "
                + $"{InputField} and answer together."),
            Param = LengthField,
        }
        : null);

    public override long Cost(int bodyBytes) => bodyBytes + ((long)Choices * (MaxNewTokens ?? TypicalTokens) * BytesPerToken);

    public override long ResultBytes(ModelDescriptor model)
    {
        long token = BytesPerToken + (Likelihoods ? BytesPerLikelihood * (1 + TopLikelihoods) : 0);
        return Choices * (BytesPerAnswer + (Math.Min(MaxNewTokens ?? model.MaxTokens, model.MaxTokens) * token));
    }
}
