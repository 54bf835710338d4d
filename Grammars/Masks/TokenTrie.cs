namespace AiPlatform.Grammars.Masks;

/// <summary>
/// Tokens as a tree of their bytes. The nodes are in the order of a walk: below a node are those up to its end, so a walk that leaves a
/// node out goes on at its end.
/// </summary>
internal sealed class TokenTrie
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;
    private readonly int[] _tokens;
    private readonly Dictionary<int, int> _twins = [];

    public TokenTrie(byte[]?[] tokens, IEnumerable<int> included)
    {
        List<int> sorted = [.. included];
        sorted.Sort((a, b) => tokens[a].AsSpan().SequenceCompareTo(tokens[b]));
        List<byte> bytes = [];
        List<int> ends = [];
        List<int> found = [];
        List<int> path = [];
        foreach (var token in sorted)
        {
            ReadOnlySpan<byte> text = tokens[token];
            var same = 0;
            while (same < path.Count && same < text.Length && bytes[path[same]] == text[same]) same++;
            for (; path.Count > same; path.RemoveAt(path.Count - 1)) ends[path[^1]] = bytes.Count;
            foreach (var value in text[same..])
            {
                path.Add(bytes.Count);
                bytes.Add(value);
                ends.Add(0);
                found.Add(-1);
            }

            // Tokens of the same bytes are a chain.
            if (found[path[^1]] >= 0) _twins[token] = found[path[^1]];
            found[path[^1]] = token;
            Depth = Math.Max(Depth, text.Length);
        }

        foreach (var node in path) ends[node] = bytes.Count;
        (_bytes, _ends, _tokens) = ([.. bytes], [.. ends], [.. found]);
    }

    public int Nodes => _bytes.Length;

    /// <summary>The bytes of the longest token.</summary>
    public int Depth { get; }

    public byte ByteOf(int node) => _bytes[node];

    /// <summary>The node behind all that are below a node.</summary>
    public int EndOf(int node) => _ends[node];

    public bool HasToken(int node) => _tokens[node] >= 0;

    /// <summary>The node below another one (-1: below the root) with a byte; -1 if there is none.</summary>
    public int Child(int node, byte value)
    {
        var end = node < 0 ? _bytes.Length : _ends[node];
        for (var at = node + 1; at < end; at = _ends[at])
            if (_bytes[at] == value) return at;
        return -1;
    }

    /// <summary>Adds the tokens of a node to a mask.</summary>
    public void AddTo(ulong[] mask, int node)
    {
        for (var token = _tokens[node]; ; token = _twins[token])
        {
            Vocabulary.Set(mask, token);
            if (_twins.Count == 0 || !_twins.ContainsKey(token)) return;
        }
    }

    /// <summary>Takes the tokens of a node and of those below it from a mask.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="node">The node.</param>
    /// <param name="isDeep">Whether those below it are taken, too.</param>
    public void Remove(ulong[] mask, int node, bool isDeep)
    {
        var end = isDeep ? _ends[node] : node + 1;
        for (var at = node; at < end; at++)
        {
            if (_tokens[at] < 0) continue;
            for (var token = _tokens[at]; ; token = _twins[token])
            {
                mask[token / 64] &= ~(1UL << (token % 64));
                if (!_twins.ContainsKey(token)) break;
            }
        }
    }
}
