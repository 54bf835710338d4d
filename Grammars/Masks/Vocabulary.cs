using System.Text;

namespace AiPlatform.Grammars.Masks;

/// <summary>
/// The tokens of a model as bytes, arranged for masks. Plain tokens (whole characters, without control characters, quotation marks and
/// backslashes) are apart, by their numbers of characters, because within strings they need not be looked at one by one. It is immutable;
/// one is made for each tokenizer.
/// </summary>
public sealed class Vocabulary
{
    private static readonly int[] MostOfGroups = [1, 2, 3, 4, 6, 8, 12, 16, 24, int.MaxValue];

    private readonly byte[]?[] _tokens;
    private readonly Group[] _groups;
    private readonly ulong[][] _plainUpTo;

    /// <param name="tokens">
    /// The bytes of each token, by its id. A token without bytes (null, or empty) is never allowed: control tokens must have none.
    /// </param>
    /// <param name="endTokens">The tokens that end a text.</param>
    /// <param name="encode">
    /// Makes tokens of a text as the model's tokenizer does, any thread at a time; null if forced text is not made into tokens.
    /// </param>
    public Vocabulary(IReadOnlyList<byte[]?> tokens, IEnumerable<int> endTokens, Func<string, int[]>? encode = null)
    {
        (_tokens, Encode) = ([.. tokens], encode);
        EndTokens = [.. endTokens.Where(token => token >= 0 && token < _tokens.Length).Distinct()];
        foreach (var token in EndTokens) _tokens[token] = null;
        Words = (_tokens.Length + 63) / 64;

        List<int>[] groups = [.. MostOfGroups.Select(_ => new List<int>())];
        List<int> others = [];
        List<int> withQuote = [];
        List<int> withTwoQuotes = [];
        Dictionary<int, List<int>> byLength = [];
        for (var token = 0; token < _tokens.Length; token++)
        {
            if (_tokens[token] is not { Length: > 0 } bytes) continue;
            var quotes = bytes.AsSpan().Count((byte)'"');
            if (quotes > 0) withQuote.Add(token);
            if (quotes > 1) withTwoQuotes.Add(token);
            if (PlainLength(bytes) is not { } length)
            {
                others.Add(token);
                continue;
            }

            groups[Array.FindIndex(MostOfGroups, most => length <= most)].Add(token);
            if (!byLength.TryGetValue(length, out var same)) byLength[length] = same = [];
            same.Add(token);
        }

        (WithQuote, WithTwoQuotes) = ([.. withQuote], [.. withTwoQuotes]);
        Others = new TokenTrie(_tokens, others);
        All = new TokenTrie(_tokens, Enumerable.Range(0, _tokens.Length).Where(token => _tokens[token] is { Length: > 0 }));
        _groups = [.. groups.Select((group, i) => new Group(MostOfGroups[i], MaskOf(group), new TokenTrie(_tokens, group)))];
        _plainUpTo = new ulong[byLength.Keys.DefaultIfEmpty(0).Max() + 1][];
        var all = new ulong[Words];
        for (var length = 0; length < _plainUpTo.Length; length++)
        {
            if (!byLength.TryGetValue(length, out var same))
            {
                _plainUpTo[length] = length == 0 ? all : _plainUpTo[length - 1];
                continue;
            }

            all = [.. all];
            foreach (var token in same) Set(all, token);
            _plainUpTo[length] = all;
        }
    }

    /// <summary>The number of tokens.</summary>
    public int Count => _tokens.Length;

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EndTokens { get; }

    /// <summary>Makes tokens of a text; null if forced text is not made into tokens.</summary>
    internal Func<string, int[]>? Encode { get; }

    /// <summary>The words of a mask, of 64 tokens each.</summary>
    internal int Words { get; }

    /// <summary>The tokens in which a JSON name may begin.</summary>
    internal int[] WithQuote { get; }

    /// <summary>The tokens in which a JSON name may begin and end.</summary>
    internal int[] WithTwoQuotes { get; }

    /// <summary>All tokens.</summary>
    internal TokenTrie All { get; }

    /// <summary>The tokens that are not plain.</summary>
    internal TokenTrie Others { get; }

    /// <summary>The bytes of a token; empty if it has none.</summary>
    public ReadOnlySpan<byte> BytesOf(int token) => token >= 0 && token < _tokens.Length ? _tokens[token] : default;

    internal static void Set(ulong[] mask, int token) => mask[token / 64] |= 1UL << (token % 64);

    /// <summary>The plain tokens with at most a number of characters.</summary>
    internal ReadOnlySpan<ulong> PlainUpTo(int characters) => _plainUpTo[Math.Min(characters, _plainUpTo.Length - 1)];

    /// <summary>The plain tokens by their lengths.</summary>
    internal ReadOnlySpan<Group> Groups => _groups;

    private ulong[] MaskOf(List<int> tokens)
    {
        var mask = new ulong[Words];
        foreach (var token in tokens) Set(mask, token);
        return mask;
    }

    private static int? PlainLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) != System.Buffers.OperationStatus.Done) return null;
            if (rune.Value < ' ' || rune.Value is '"' or '\\') return null;
            bytes = bytes[consumed..];
            length++;
        }

        return length;
    }

    /// <summary>Plain tokens of similar length.</summary>
    /// <param name="Most">Most characters of one.</param>
    /// <param name="Mask">The tokens as a mask.</param>
    /// <param name="Trie">The tokens as a trie.</param>
    internal sealed record Group(int Most, ulong[] Mask, TokenTrie Trie);
}
