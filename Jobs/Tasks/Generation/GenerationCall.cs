using System.Globalization;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary>A valid body of a route that generates text with a worker's language model, without the prompts.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
public abstract record GenerationCall(string Model) : TaskCall(Model)
{
    /// <summary>Most texts that one request may ask for.</summary>
    public const int MaxChoices = 128;

    /// <summary>Tokens that count toward a tenant's share for an answer without a length limit.</summary>
    private const int TypicalTokens = 256;

    /// <summary>Bytes of a token in an answer, about; and of each likelihood beside it.</summary>
    private const int BytesPerToken = 8;
    private const int BytesPerLikelihood = 96;

    /// <summary>Bytes of an answer besides its tokens, about.</summary>
    private const int BytesPerAnswer = 512;

    public override bool Streams => WantsStream;

    /// <summary>The field with the prompts or messages.</summary>
    public abstract string InputField { get; }

    /// <summary>The field with which the caller limited the answer.</summary>
    public string LengthField { get; init; } = "max_tokens";

    /// <summary>How many texts the model continues.</summary>
    public virtual int Prompts => 1;

    /// <summary>How many texts are generated.</summary>
    public int Choices => Prompts * ChoicesPerPrompt;

    /// <summary><c>stream</c>.</summary>
    public bool WantsStream { get; init; }

    /// <summary><c>stream_options.include_usage</c>.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary><c>n</c>: how many answers to a prompt.</summary>
    public int ChoicesPerPrompt { get; init; } = 1;

    /// <summary>Most tokens of each answer; null for as many as the model's context has room for.</summary>
    public int? MaxNewTokens { get; init; }

    public double Temperature { get; init; } = 1;

    public double TopP { get; init; } = 1;

    /// <summary>0 keeps all tokens.</summary>
    public int TopK { get; init; }

    public double MinP { get; init; }

    public double PresencePenalty { get; init; }

    public double FrequencyPenalty { get; init; }

    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Null derives the seed from the job's id, so that every attempt samples the same tokens.</summary>
    public long? Seed { get; init; }

    /// <summary><c>ignore_eos</c>: whether tokens that end a text do not end it.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary><c>stop</c>: none empty.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary><c>logit_bias</c>: distinct tokens and their biases. The tokens may be outside the model's vocabulary.</summary>
    public IReadOnlyList<KeyValuePair<int, double>> LogitBias { get; init; } = [];

    /// <summary><c>logprobs</c>: whether the answer has the log-probabilities of its tokens.</summary>
    public bool Likelihoods { get; init; }

    /// <summary>How many of the likeliest tokens the answer has for each token.</summary>
    public int TopLikelihoods { get; init; }

    /// <summary><c>response_format</c>: what each answer must fit; null for free text.</summary>
    public AnswerGrammar? Grammar { get; init; }

    /// <summary>
    /// Why a worker's model cannot run the request: a field that is wrong, or one that workers' models do not support yet. Null when it
    /// can.
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

    public override long MostTokens(int bodyBytes) => base.MostTokens(bodyBytes) + ((long)Choices * (MaxNewTokens ?? TypicalTokens));

    public override long ResultBytes(ModelDescriptor model)
    {
        long token = BytesPerToken + (Likelihoods ? BytesPerLikelihood * (1 + TopLikelihoods) : 0);
        return Choices * (BytesPerAnswer + (Math.Min(MaxNewTokens ?? model.MaxTokens, model.MaxTokens) * token));
    }
}
