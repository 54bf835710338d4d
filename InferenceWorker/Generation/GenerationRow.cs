using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>A request while the engine computes it. Only the engine's thread changes it.</summary>
internal sealed class GenerationRow
{
    private readonly int[] _tokens;

    public GenerationRow(GenerationRequest request, ITokenSink sink, IReadOnlyList<int> endTokens)
    {
        (Request, Sink) = (request, sink);
        MaxLength = request.Prompt.Length + request.MaxNewTokens;
        _tokens = new int[Math.Max(MaxLength, request.Prompt.Length + request.Generated.Length)];
        request.Prompt.CopyTo(_tokens);
        Length = request.Prompt.Length;
        Changes = new LogitChanges(request.Sampling, request.Constraint, endTokens, request.Prompt.Span, request.MaxNewTokens);
        foreach (var token in request.Generated.Span) Append(token);
    }

    public GenerationRequest Request { get; }

    public ITokenSink Sink { get; }

    public LogitChanges Changes { get; }

    /// <summary>Its place in the order in which rows were submitted.</summary>
    public long Sequence { get; set; }

    /// <summary>The prompt and the text so far.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Length);

    public int Length { get; private set; }

    /// <summary>The maximum of <see cref="Length"/>.</summary>
    public int MaxLength { get; }

    public int Generated => Length - Request.Prompt.Length;

    /// <summary>Tokens that the model has not read yet: the last one, and forced ones.</summary>
    public int Pending => Length - Computed;

    /// <summary>Tokens whose keys and values are in its slot, from the first on.</summary>
    public int Computed { get; set; }

    /// <summary>The slot of its keys and values; -1 while it waits.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>How many of the prompt's tokens it took from another row; -1 before it had a slot.</summary>
    public int CachedTokens { get; set; } = -1;

    public void Append(int token)
    {
        _tokens[Length++] = token;
        Changes.Count(token);
    }

    public GenerationEnd End(GenerationFinish finish, string? problem, int? endToken) => new()
    {
        Finish = finish,
        Problem = problem,
        EndToken = endToken,
        PromptTokens = Request.Prompt.Length,
        CachedTokens = Math.Max(0, CachedTokens),
        GeneratedTokens = Generated,
    };
}
