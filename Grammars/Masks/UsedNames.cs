using AiPlatform.Grammars.Matching;

namespace AiPlatform.Grammars.Masks;

/// <summary>
/// The names that the open objects of a JSON text have so far. No name may come twice in an object, which rules cannot say of names that a
/// schema does not declare. It reads compact JSON in which each name has one form.
/// </summary>
internal sealed class UsedNames
{
    private Level? _level;
    private readonly List<byte> _name = [];
    private bool _isInString;
    private bool _isName;
    private bool _isEscaped;
    private bool _expectsName;
    private long _left;

    public UsedNames()
    {
    }

    private UsedNames(UsedNames other)
    {
        (_level, _isInString, _isName, _isEscaped, _expectsName) =
            (other._level, other._isInString, other._isName, other._isEscaped, other._expectsName);
        if (_isName) _name.AddRange(other._name);
    }

    /// <summary>Whether there is an object with names, so that some name could come again.</summary>
    public bool CanRepeat
    {
        get
        {
            for (var level = _level; level is not null; level = level.Outer)
                if (level.Names is not null) return true;
            return false;
        }
    }

    /// <summary>Whether a name would come twice after some bytes.</summary>
    public bool Repeats(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf((byte)'"') < 0) return false;
        var copy = new UsedNames(this);
        foreach (var value in bytes)
            if (!copy.Read(value)) return true;
        return false;
    }

    public void Read(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes) Read(value);
    }

    /// <summary>Takes the tokens from a mask after which a name would come twice, or could not end.</summary>
    /// <exception cref="GrammarException">There are so many names that it takes too many steps.</exception>
    public void RemoveRepeating(TokenMasks masks, GrammarState state, ulong[] mask)
    {
        var vocabulary = masks.Vocabulary;
        _left = masks.Grammar.Limits.MaxMaskSteps;
        if (_isName)
        {
            for (var used = _level?.Names; used is not null; used = used.Next)
            {
                Spend(1, masks.Grammar);
                if (used.Bytes.AsSpan().StartsWith(NameSoFar())) RemoveName(masks, state, mask, used.Bytes);
            }
        }

        // A name that only begins in a token can be the only one that is left.
        var isLimited = masks.Grammar.OpenNames == OpenNameKind.Limited;
        foreach (var token in isLimited ? vocabulary.WithQuote : vocabulary.WithTwoQuotes)
        {
            if ((mask[token / 64] >> (token % 64) & 1) == 0) continue;
            var bytes = vocabulary.BytesOf(token);
            // A token may end a name, which is compared with the others.
            Spend(bytes.Length + _name.Count + (_level?.Names?.Count ?? 0), masks.Grammar);
            if (Repeats(bytes) || (isLimited && IsDeadEnd(masks.Grammar, state, bytes))) mask[token / 64] &= ~(1UL << (token % 64));
        }
    }

    /// <summary>Whether only used names can follow after some bytes.</summary>
    private bool IsDeadEnd(Grammar grammar, GrammarState state, ReadOnlySpan<byte> bytes)
    {
        var after = new UsedNames(this) { _left = _left };
        after.Read(bytes);
        var isDeadEnd = after._isName && grammar.Step(state, bytes) is { } reached
            && !after.HasOtherName(grammar, reached, after.NameSoFar());
        _left = after._left;
        return isDeadEnd;
    }

    private void Spend(long steps, Grammar grammar)
    {
        _left -= steps;
        if (_left >= 0) return;
        throw new GrammarException(
            $"An object has so many names that to see which others can follow takes more than {grammar.Limits.MaxMaskSteps} steps.");
    }

    private ReadOnlySpan<byte> NameSoFar() => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_name);

    /// <summary>Takes the tokens that complete a name that is used, or lead to where only used names can follow.</summary>
    private void RemoveName(TokenMasks masks, GrammarState state, ulong[] mask, byte[] name)
    {
        var trie = masks.Vocabulary.All;
        var (node, at) = (-1, state);
        for (var length = _name.Count; length < name.Length; length++)
        {
            Spend(1, masks.Grammar);
            node = trie.Child(node, name[length]);
            if (node < 0 || masks.Grammar.Step(at, name[length]) is not { } after) return;
            at = after;
            if (trie.HasToken(node) && !HasOtherName(masks.Grammar, at, name.AsSpan(0, length + 1)))
                trie.Remove(mask, node, isDeep: false);
        }

        node = trie.Child(node, (byte)'"');
        if (node >= 0) trie.Remove(mask, node, isDeep: true);
    }

    /// <summary>Whether a name that is not used begins like this.</summary>
    private bool HasOtherName(Grammar grammar, GrammarState state, ReadOnlySpan<byte> begin)
    {
        List<byte[]> used = [];
        Spend(_level?.Names?.Count ?? 0, grammar);
        for (var one = _level?.Names; one is not null; one = one.Next)
            if (one.Bytes.AsSpan().StartsWith(begin)) used.Add(one.Bytes);

        // Each beginning leads to a name of its own. When there are more of them than used names, one is not used.
        List<(GrammarState State, byte[] Begin)> begins = [(state, begin.ToArray())];
        while (begins.Count > 0 && begins.Count <= used.Count)
        {
            List<(GrammarState, byte[])> longer = [];
            foreach (var (at, text) in begins)
            {
                Spend(byte.MaxValue + used.Count, grammar);
                if (grammar.Step(at, (byte)'"') is not null && !used.Any(one => one.AsSpan().SequenceEqual(text))) return true;
                for (var value = 0x20; value < 0xF5 && longer.Count <= used.Count; value++)
                {
                    if (value != '"' && grammar.Step(at, (byte)value) is { } after) longer.Add((after, [.. text, (byte)value]));
                }
            }

            begins = longer;
        }

        return begins.Count > used.Count;
    }

    /// <summary>Reads a byte; false if a name comes twice.</summary>
    private bool Read(byte value)
    {
        if (_isInString) return ReadInString(value);
        switch (value)
        {
            case (byte)'"':
                (_isInString, _isName) = (true, _expectsName);
                _name.Clear();
                break;
            case (byte)'{' or (byte)'[':
                _expectsName = value == '{';
                _level = new Level(_expectsName, null, _level);
                break;
            case (byte)'}' or (byte)']':
                _level = _level?.Outer;
                _expectsName = false;
                break;
            case (byte)',':
                _expectsName = _level is { IsObject: true };
                break;
            case (byte)':':
                _expectsName = false;
                break;
        }

        return true;
    }

    private bool ReadInString(byte value)
    {
        if (_isEscaped) _isEscaped = false;
        else if (value == '\\') _isEscaped = true;
        else if (value == '"') return EndString();
        if (_isName) _name.Add(value);
        return true;
    }

    private bool EndString()
    {
        _isInString = false;
        if (!_isName) return true;
        _isName = false;
        if (_level is null) return true;
        for (var used = _level.Names; used is not null; used = used.Next)
            if (used.Bytes.AsSpan().SequenceEqual(NameSoFar())) return false;
        _level = _level with { Names = new Name([.. _name], _level.Names) };
        return true;
    }

    /// <summary>An open object or array.</summary>
    private sealed record Level(bool IsObject, Name? Names, Level? Outer);

    /// <summary>A name, and those before it.</summary>
    private sealed record Name(byte[] Bytes, Name? Next)
    {
        /// <summary>The number of all.</summary>
        public int Count { get; } = (Next?.Count ?? 0) + 1;
    }
}
