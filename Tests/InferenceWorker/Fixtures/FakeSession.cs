using AiPlatform.InferenceWorker.Batching;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>
/// A model with states of four numbers, each of which is the token's id. It records its runs, can be held, and fails on demand.
/// </summary>
internal sealed class FakeSession : IRowSession
{
    /// <summary>A run with this token fails.</summary>
    public const int Poison = 666;

    /// <summary>The state of this token is not a number.</summary>
    public const int NotANumber = 667;

    private readonly ManualResetEventSlim _open = new(initialState: true);
    private readonly SemaphoreSlim _once = new(0);
    private readonly List<int[][]> _runs = [];

    private const int HiddenSize = 4;

    /// <summary>Every run fails.</summary>
    public bool IsBroken { get; set; }

    /// <summary>A run of more tokens fails, padding included.</summary>
    public int MostTokens { get; init; } = int.MaxValue;

    public bool IsDisposed { get; private set; }

    /// <summary>It was disposed while a run was under way.</summary>
    public bool WasDisposedInARun { get; private set; }

    /// <summary>What was run, in order: the rows of each run, with their tokens.</summary>
    public IReadOnlyList<int[][]> Runs
    {
        get
        {
            lock (_runs) return [.. _runs];
        }
    }

    /// <summary>Runs wait from now on.</summary>
    public void Hold() => _open.Reset();

    public void LetGo() => _open.Set();

    /// <summary>One run of those that are held goes on.</summary>
    public void LetGoOnce() => _once.Release();

    public int NumbersOf(int tokens) => tokens * HiddenSize;

    public ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows, RunBuffers buffers)
    {
        lock (_runs) _runs.Add([.. rows.ToArray().Select(row => row.TokenIds)]);
        while (!_open.IsSet && !_once.Wait(TimeSpan.FromMilliseconds(5), CancellationToken.None))
        {
            // Held.
        }

        WasDisposedInARun |= IsDisposed;
        if (IsBroken) throw new InvalidOperationException("The device is gone.");

        var longest = rows.ToArray().Max(row => row.Length);
        if (rows.Length * longest > MostTokens) throw new InvalidOperationException("There is no memory left.");
        var states = buffers.Numbers.Span[..(rows.Length * longest * HiddenSize)];
        for (var i = 0; i < rows.Length; i++)
            FillStates(rows[i].TokenIds, states.Slice(i * longest * HiddenSize, longest * HiddenSize));
        return states;
    }

    public void Dispose() => IsDisposed = true;

    private static void FillStates(int[] tokens, Span<float> states)
    {
        states.Fill(1e6f);
        for (var position = 0; position < tokens.Length; position++)
        {
            if (tokens[position] == Poison) throw new InvalidOperationException("The model cannot run this.");
            states.Slice(position * HiddenSize, HiddenSize).Fill(tokens[position] == NotANumber ? float.NaN : tokens[position]);
        }
    }
}
