namespace AiPlatform.Grammars.Automata;

/// <summary>Compares sequences of numbers by their members.</summary>
internal sealed class SequenceComparer : IEqualityComparer<int[]>
{
    public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(int[] obj)
    {
        var hash = new HashCode();
        foreach (var one in obj) hash.Add(one);
        return hash.ToHashCode();
    }
}
