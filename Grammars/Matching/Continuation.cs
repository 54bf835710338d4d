namespace AiPlatform.Grammars.Matching;

/// <summary>
/// What follows when a rule ends: for each caller the node behind its call, and what follows there. Callers of equal nodes are one, so the
/// stacks of an ambiguous grammar do not multiply. Equal continuations of one table are the same object.
/// </summary>
internal sealed class Continuation
{
    /// <summary>The text may end.</summary>
    public static readonly Continuation End = new(0, isEnd: true, []);

    public Continuation(long id, bool isEnd, Frame[] frames)
    {
        (Id, IsEnd, Frames) = (id, isEnd, frames);
        foreach (var frame in frames) Depth = Math.Max(Depth, frame.Behind.Depth + 1);
    }

    public long Id { get; }

    /// <summary>Whether the text may end here.</summary>
    public bool IsEnd { get; }

    /// <summary>The callers, by their nodes.</summary>
    public Frame[] Frames { get; }

    /// <summary>How deep calls nest.</summary>
    public int Depth { get; }

    /// <summary>A caller.</summary>
    /// <param name="Node">The node behind its call.</param>
    /// <param name="Behind">What follows when the caller's rule ends.</param>
    public readonly record struct Frame(int Node, Continuation Behind);
}
