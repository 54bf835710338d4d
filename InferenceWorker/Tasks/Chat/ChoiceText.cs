using System.Text;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Constraints;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.InferenceWorker.Text.Streaming;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// The text of one choice as it comes: the engine's thread adds tokens, and the job's thread takes the text that may be shown. Text is held
/// back while it may become a stop string, or is a part of a character.
/// </summary>
/// <param name="index">The choice's index.</param>
/// <param name="prompt">The tokens that it continues.</param>
/// <param name="maxNewTokens">Most tokens.</param>
/// <param name="call">The request.</param>
/// <param name="masks">Its grammar; null for free text.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="times">Measures the times of its tokens.</param>
/// <param name="changed">
/// Called on a thread of the pool when text has arrived or the row has ended; null for a chat that does not stream.
/// </param>
internal sealed class ChoiceText(
    int index, int[] prompt, int maxNewTokens, GenerationCall call, TokenMasks? masks, ChatTokenizer tokenizer, TokenTimes times,
    Action? changed) : ITokenSink
{
    private const string Stop = "stop";
    private const string Length = "length";
    private const string ToolCalls = "tool_calls";

    private readonly Lock _gate = new();
    private TokenTimes _times = times;
    private readonly IncrementalDetokenizer _detokenizer = new(tokenizer);
    private readonly StopStrings _stops = new(call.Stop);
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private readonly List<TokenLikelihood> _likelihoods = [];
    private readonly List<string> _restoredLikelihoods = [];
    private readonly ToolCallReader? _calls = NewReader(call);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _restored;
    private int _characters;
    private int _toldText;
    private int _readText;
    private int _toldTokens;
    private int _toldLikelihoods;
    private bool _hasRole;
    private bool _hasToldEnd;
    private string? _finish;
    private bool _endedByModel;

    public int Index => index;

    public int[] Prompt => prompt;

    public int MaxNewTokens => maxNewTokens;

    /// <summary>Completes when its row has ended.</summary>
    public Task Ended => _ended.Task;

    public bool HasEnded => _ended.Task.IsCompleted;

    /// <summary>Why it has no answer; null when it has one, or has not ended.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether the request's grammar is why it has no answer.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Tokens of the prompt that were cached.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>Tokens so far.</summary>
    public int Tokens
    {
        get
        {
            lock (_gate) return _tokens.Count;
        }
    }

    /// <summary>Tokens so far, including the one that ends the text.</summary>
    public int CompletionTokens => Tokens + (_endedByModel ? 1 : 0);

    /// <summary>The tokens that earlier attempts have written.</summary>
    public int[] Restored => [.. _tokens.Take(_restored)];

    /// <summary>Takes over the output of an earlier attempt, before the row begins.</summary>
    public void Restore(AnswerPiece piece)
    {
        if (piece.Choice != index || HasEnded) return;

        _hasRole = true;
        foreach (var token in piece.Tokens) Add(token);
        (_restored, _toldTokens) = (_tokens.Count, _tokens.Count);
        _toldText = piece.HasCalls ? _text.Length : _toldText + piece.Text.Length;
        if (piece.HasCalls) _calls?.Read(_text.ToString(_readText, _text.Length - _readText), isLast: false);
        else if (piece.Text.Length > 0) _calls?.BeText();
        if (piece.HasCalls) _readText = _text.Length;
        _restoredLikelihoods.Add(piece.Likelihoods);
        if (piece.FinishReason is { } reason)
        {
            AddRest();
            _hasToldEnd = true;
            _endedByModel = reason != Length && _stops.Found is null && !IsComplete();
            End(reason == ToolCalls ? Stop : reason);
        }
        else if (_stops.Found is not null || _tokens.Count >= maxNewTokens)
        {
            // The earlier attempt had the whole text, and died before it wrote the end.
            AddRest();
            End(_stops.Found is null && !IsComplete() ? Length : Stop);
        }
    }

    public bool OnToken(in GeneratedToken token)
    {
        lock (_gate)
        {
            var at = _characters;
            Add(token.Id);
            if (call.Likelihoods) _likelihoods.Add(new TokenLikelihood(token.Id, token.LogProbability, token.Top.ToArray(), at));
        }

        if (!token.IsForced) _times.Came();
        return _stops.Found is null;
    }

    public void OnStep(StepCallbacks callbacks)
    {
        if (changed is not null) callbacks.Add(changed);
    }

    public void OnEnd(in GenerationEnd end)
    {
        lock (_gate)
        {
            CachedTokens = end.CachedTokens;
            var reason = end.Finish switch
            {
                GenerationFinish.Stop => Stop,
                GenerationFinish.Length => Length,
                _ => null,
            };
            _endedByModel = end.EndToken is not null;
            IsRefused = end.Finish == GenerationFinish.Refused;
            if (reason is null) Problem = end.Problem ?? $"The model's row ended: {end.Finish}.";
            else AddRest();
            End(reason);
        }

        if (changed is not null) ThreadPool.UnsafeQueueUserWorkItem(static tell => tell(), changed, preferLocal: false);
    }

    /// <summary>The next chunk to show; null when there is none now.</summary>
    /// <exception cref="FormatException">The text has calls in another form than its grammar allows.</exception>
    public string? Take(AnswerForm form)
    {
        string text;
        IReadOnlyList<AnswerCallPiece> calls = [];
        List<int> tokens;
        List<TokenLikelihood> likelihoods;
        lock (_gate)
        {
            var hasText = _text.Length > _toldText;
            if (!hasText && (_finish is null || _hasToldEnd)) return null;
            if (!_hasRole)
            {
                _hasRole = true;
                if (form.Opening(index) is { } opening) return opening;
            }

            text = hasText ? _text.ToString(_toldText, _text.Length - _toldText) : "";
            _toldText = Math.Max(_toldText, _text.Length);
            if (_calls is not null) (text, calls) = _calls.Read(text, isLast: _finish is not null);

            // With stop strings the last tokens may have no text.
            var isEnd = text.Length == 0 && calls.Count == 0;
            if (isEnd && (_finish is null || _hasToldEnd)) return null;
            if (isEnd) _hasToldEnd = true;
            tokens = _tokens[_toldTokens..];
            likelihoods = _likelihoods[_toldLikelihoods..];
            (_toldTokens, _toldLikelihoods) = (_tokens.Count, _likelihoods.Count);
        }

        var said = call.Likelihoods ? Write(likelihoods) : null;
        if (calls.Count > 0) return form.Calls(index, calls, tokens, said);
        return text.Length > 0 ? form.Piece(index, text, tokens, said) : form.End(index, ReasonOf(_calls), tokens, said);
    }

    /// <summary>The whole answer; after its end.</summary>
    /// <exception cref="FormatException">The text has calls in another form than its grammar allows.</exception>
    public AnswerChoice ToChoice(AnswerForm form)
    {
        var (text, reader) = (_text.ToString(), NewReader(call));
        List<AnswerCall> calls = [];
        if (reader is not null)
        {
            (text, var pieces) = reader.Read(text, isLast: true);
            foreach (var one in pieces.GroupBy(piece => piece.Index))
                calls.Add(new AnswerCall(one.First().Name!, string.Concat(one.Select(piece => piece.Arguments))));
        }

        var likelihoods = call.Likelihoods ? form.Join([.. _restoredLikelihoods, Write(_likelihoods)]) : null;
        return new AnswerChoice(index, text, ReasonOf(reader), likelihoods) { Calls = calls };
    }

    private static ToolCallReader? NewReader(GenerationCall call) =>
        call is ChatCall { Tools.Count: > 0 } chat ? new ToolCallReader(chat.MustCall) : null;

    /// <summary>A call that a stop string has cut is none that can be made.</summary>
    private string ReasonOf(ToolCallReader? calls) =>
        _finish == Stop && _stops.Found is null && calls is { Calls: > 0 } ? ToolCalls : _finish!;

    private string Write(IReadOnlyList<TokenLikelihood> likelihoods) => call is CompletionCall
        ? CompletionLikelihoods.Write(likelihoods, tokenizer) : TokenLikelihood.Write(likelihoods, tokenizer);

    /// <summary>Whether its grammar lets nothing follow what an earlier attempt has said.</summary>
    private bool IsComplete() => masks is not null && new GrammarConstraint(masks, tokens: [.. _tokens]).IsComplete;

    private void Add(int token)
    {
        _tokens.Add(token);
        var text = _detokenizer.Append(token);
        foreach (var unit in text) _characters += char.IsLowSurrogate(unit) ? 0 : 1;
        _text.Append(_stops.Append(text));
    }

    /// <summary>Adds the text that was held back.</summary>
    private void AddRest()
    {
        if (_stops.Found is not null) return;
        _text.Append(_stops.Append(_detokenizer.Flush()));
        if (_stops.Found is null) _text.Append(_stops.Flush());
    }

    private void End(string? reason)
    {
        _finish = reason;
        _ended.TrySetResult();
    }
}
