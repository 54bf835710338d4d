using AiPlatform.Grammars.Matching;

namespace AiPlatform.Grammars.Masks;

/// <summary>
/// The masks of a grammar for a vocabulary: which tokens can follow in a state. Each is computed once and kept, as long as all masks fit
/// into the grammar's limit. It is thread-safe, and shared by all requests with the grammar.
/// </summary>
public sealed class TokenMasks
{
    private const int MaxForced = 4_096;

    private readonly Dictionary<GrammarState, ulong[]> _known = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<GrammarState, int[]> _forced = new(ReferenceEqualityComparer.Instance);
    private readonly int _maxMasks;
    private readonly (GrammarState State, int End)[] _path;
    private long _workEnd;
    private int _forcedGeneration;

    public TokenMasks(Grammar grammar, Vocabulary vocabulary)
    {
        (Grammar, Vocabulary) = (grammar, vocabulary);
        _maxMasks = (int)Math.Clamp(grammar.Limits.MaxCacheBytes / 2 / (8L * Math.Max(1, vocabulary.Words)), 4, 100_000);
        _path = new (GrammarState, int)[vocabulary.All.Depth];
    }

    public Grammar Grammar { get; }

    public Vocabulary Vocabulary { get; }

    /// <summary>The memory of the grammar and its masks now, in bytes.</summary>
    public long Bytes
    {
        get
        {
            lock (Grammar.Gate) return Grammar.BytesNeedsLock + (8L * Vocabulary.Words * _known.Count);
        }
    }

    /// <summary>Whether the mask of a state is there already. It does not wait for others: while they compute it says no.</summary>
    public bool IsKnown(GrammarState state)
    {
        if (!Grammar.Gate.TryEnter()) return false;
        try
        {
            return _known.ContainsKey(state);
        }
        finally
        {
            Grammar.Gate.Exit();
        }
    }

    /// <summary>Begins a text.</summary>
    public TokenMatcher Start() => new(this);

    /// <summary>The tokens that can follow: bit <c>i % 64</c> of word <c>i / 64</c> is token <c>i</c>.</summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    public ReadOnlyMemory<ulong> MaskOf(GrammarState state)
    {
        lock (Grammar.Gate)
        {
            if (_known.TryGetValue(state, out var mask)) return mask;
            var generation = Grammar.GenerationNeedsLock;
            mask = Compute(state);
            Grammar.ShrinkNeedsLock();
            if (_known.Count >= _maxMasks || generation != Grammar.GenerationNeedsLock) _known.Clear();
            return _known[state] = mask;
        }
    }

    /// <summary>The tokens of the text that must follow, as far as the model would write it in no other way.</summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    internal int[] ForcedOf(GrammarState state)
    {
        if (Vocabulary.Encode is not { } encode) return [];
        lock (Grammar.Gate)
        {
            if (_forced.TryGetValue(state, out var known)) return known;
            var tokens = ForcedText.TokensOf(Grammar, Vocabulary, encode, state);
            // States of an earlier generation do not come again.
            if (_forced.Count >= MaxForced || _forcedGeneration != Grammar.GenerationNeedsLock) _forced.Clear();
            _forcedGeneration = Grammar.GenerationNeedsLock;
            return _forced[state] = tokens;
        }
    }

    private ulong[] Compute(GrammarState state)
    {
        var mask = new ulong[Vocabulary.Words];
        _workEnd = Grammar.WorkNeedsLock + Grammar.Limits.MaxMaskSteps;
        var (run, isExact) = Grammar.FreeRunNeedsLock(state);
        Walk(run == 0 ? Vocabulary.All : Vocabulary.Others, state, mask);
        if (run > 0) AddPlain(state, run, isExact || run == int.MaxValue, mask);
        if (!state.AcceptsEnd) return mask;
        foreach (var token in Vocabulary.EndTokens) Vocabulary.Set(mask, token);
        return mask;
    }

    /// <summary>Adds the plain tokens. Up to the length of the run all can follow; longer ones are looked at, unless none can.</summary>
    private void AddPlain(GrammarState state, int run, bool isExact, ulong[] mask)
    {
        if (isExact)
        {
            Add(mask, Vocabulary.PlainUpTo(run));
            return;
        }

        foreach (var group in Vocabulary.Groups)
        {
            if (group.Most <= run) Add(mask, group.Mask);
            else Walk(group.Trie, state, mask);
        }
    }

    private static void Add(ulong[] mask, ReadOnlySpan<ulong> added)
    {
        for (var i = 0; i < mask.Length; i++) mask[i] |= added[i];
    }

    /// <summary>Walks through tokens and grammar together, and leaves out what begins with bytes that cannot follow.</summary>
    private void Walk(TokenTrie trie, GrammarState start, ulong[] mask)
    {
        var depth = 0;
        var state = start;
        for (var node = 0; node < trie.Nodes;)
        {
            for (; depth > 0 && node >= _path[depth - 1].End; depth--) state = depth > 1 ? _path[depth - 2].State : start;
            var after = Grammar.StepNeedsLock(state, trie.ByteOf(node));
            if (Grammar.WorkNeedsLock > _workEnd)
            {
                throw new GrammarException(
                    $"The grammar is too large or too ambiguous: a text may be in {start.Items.Length} places at once, "
                    + $"and to see what can follow takes more than {Grammar.Limits.MaxMaskSteps} steps.");
            }

            if (after is null)
            {
                node = trie.EndOf(node);
                continue;
            }

            if (trie.HasToken(node)) trie.AddTo(mask, node);
            if (trie.EndOf(node) > node + 1)
            {
                _path[depth++] = (after, trie.EndOf(node));
                state = after;
            }

            node++;
        }
    }
}
