namespace AiPlatform.Grammars.Matching;

/// <summary>Makes continuations, each once.</summary>
internal sealed class ContinuationTable
{
    private readonly Dictionary<Continuation, Continuation> _known = new(new ByFrames());
    private readonly Dictionary<(Continuation, Continuation), Continuation> _unions = [];
    private long _lastId;

    public int Count => _known.Count + _unions.Count;

    public void Clear()
    {
        _known.Clear();
        _unions.Clear();
    }

    /// <summary>The continuation of a rule that is called.</summary>
    public Continuation Push(int node, Continuation behind) => Get(false, [new(node, behind)]);

    /// <summary>What follows in either case.</summary>
    public Continuation Union(Continuation first, Continuation second)
    {
        if (ReferenceEquals(first, second)) return first;
        var key = first.Id < second.Id ? (first, second) : (second, first);
        if (_unions.TryGetValue(key, out var known)) return known;

        List<Continuation.Frame> frames = [];
        int i = 0, j = 0;
        while (i < first.Frames.Length || j < second.Frames.Length)
        {
            if (j == second.Frames.Length || (i < first.Frames.Length && first.Frames[i].Node < second.Frames[j].Node))
                frames.Add(first.Frames[i++]);
            else if (i == first.Frames.Length || second.Frames[j].Node < first.Frames[i].Node)
                frames.Add(second.Frames[j++]);
            else
                frames.Add(new(first.Frames[i].Node, Union(first.Frames[i++].Behind, second.Frames[j++].Behind)));
        }

        return _unions[key] = Get(first.IsEnd || second.IsEnd, [.. frames]);
    }

    private Continuation Get(bool isEnd, Continuation.Frame[] frames)
    {
        var made = new Continuation(++_lastId, isEnd, frames);
        if (_known.TryGetValue(made, out var known)) return known;
        return _known[made] = made;
    }

    private sealed class ByFrames : IEqualityComparer<Continuation>
    {
        public bool Equals(Continuation? x, Continuation? y) => x!.IsEnd == y!.IsEnd && x.Frames.AsSpan().SequenceEqual(y.Frames);

        public int GetHashCode(Continuation obj)
        {
            var hash = new HashCode();
            hash.Add(obj.IsEnd);
            foreach (var frame in obj.Frames)
            {
                hash.Add(frame.Node);
                hash.Add(frame.Behind.Id);
            }

            return hash.ToHashCode();
        }
    }
}
