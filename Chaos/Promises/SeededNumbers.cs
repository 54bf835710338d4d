namespace AiPlatform.Chaos.Promises;

/// <summary>Pseudo-random numbers that are the same for the same seed. It is not thread-safe.</summary>
internal sealed class SeededNumbers(int seed)
{
#pragma warning disable CA5394 // Reproducible, not secret
    private readonly Random _random = new(seed);

    /// <summary>A number from 0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => _random.Next(limit);

    /// <summary>A number between two numbers, both included.</summary>
    public long Between(long least, long most) => _random.NextInt64(least, most + 1);

    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * _random.NextDouble());

    public T OneOf<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    public T[] Shuffled<T>(IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        _random.Shuffle(shuffled);
        return shuffled;
    }
#pragma warning restore CA5394
}
