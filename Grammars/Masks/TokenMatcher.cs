using AiPlatform.Grammars.Matching;

namespace AiPlatform.Grammars.Masks;

/// <summary>
/// Follows one text, token by token. It is made again by accepting the same tokens again. One thread at a time uses it.
/// </summary>
public sealed class TokenMatcher
{
    private readonly TokenMasks _masks;
    private readonly UsedNames? _names;
    private ulong[]? _own;
    private ReadOnlyMemory<ulong> _mask;
    private bool _isKnown;

    internal TokenMatcher(TokenMasks masks)
    {
        _masks = masks;
        State = masks.Grammar.Start;
        if (masks.Grammar.OpenNames != OpenNameKind.None) _names = new UsedNames();
    }

    /// <summary>The grammar's state after the tokens so far.</summary>
    public GrammarState State { get; private set; }

    /// <summary>Whether the text may end here.</summary>
    public bool AcceptsEnd => State.AcceptsEnd;

    /// <summary>Whether the text may end here, and nothing else can follow.</summary>
    public bool IsComplete => State.AcceptsEnd && State.Items.Length == 0;

    /// <summary>Whether <see cref="Mask"/> is there already, so that asking for it takes no time. It does not wait.</summary>
    public bool IsMaskKnown => _isKnown || (_names is not { CanRepeat: true } && _masks.IsKnown(State));

    /// <summary>
    /// The tokens that can follow: bit <c>i % 64</c> of word <c>i / 64</c> is token <c>i</c>. The tokens that end a text are among them if
    /// it may end. It is computed at the first call after a token, and valid until the next token.
    /// </summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    public ReadOnlySpan<ulong> Mask
    {
        get
        {
            if (!_isKnown) _mask = Compute();
            _isKnown = true;
            return _mask.Span;
        }
    }

    /// <summary>Adds a token to the text.</summary>
    /// <returns>False, and nothing has changed, if the token cannot follow.</returns>
    public bool TryAccept(int token) => _masks.Vocabulary.BytesOf(token) is { IsEmpty: false } bytes && TryAccept(bytes);

    /// <summary>Adds bytes to the text, such as forced ones.</summary>
    /// <returns>False, and nothing has changed, if they cannot follow.</returns>
    public bool TryAccept(ReadOnlySpan<byte> bytes)
    {
        if (_names is not null && _names.Repeats(bytes)) return false;
        if (_masks.Grammar.Step(State, bytes) is not { } state) return false;
        State = state;
        _names?.Read(bytes);
        _isKnown = false;
        return true;
    }

    /// <inheritdoc cref="Grammar.Forced"/>
    public byte[] Forced(int maxBytes = 4096) => _masks.Grammar.Forced(State, maxBytes);

    /// <summary>
    /// The tokens of the text that must follow, whatever the model thinks. The tokens at its end are left out if the model could write them
    /// together with what follows. Empty if there are none, or the vocabulary cannot encode.
    /// </summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    public ReadOnlySpan<int> ForcedTokens()
    {
        var forced = _masks.ForcedOf(State);
        if (forced.Length == 0 || _names is null) return forced;
        List<byte> bytes = [];
        foreach (var token in forced) bytes.AddRange(_masks.Vocabulary.BytesOf(token));
        return _names.Repeats(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)) ? [] : forced;
    }

    private ReadOnlyMemory<ulong> Compute()
    {
        var mask = _masks.MaskOf(State);
        if (_names is null || !_names.CanRepeat) return mask;
        _own ??= new ulong[mask.Length];
        mask.Span.CopyTo(_own);
        _names.RemoveRepeating(_masks, State, _own);
        return _own;
    }
}
