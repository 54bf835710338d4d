using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// Numbers the CUDA graphs of steps. ONNX Runtime captures the first run of each number, and replays it in later ones, without looking at
/// shapes and addresses. So each number of rows has a graph of its own, and all are numbered anew when memory has moved. Old graphs are
/// never freed: after a few changes of the memory, steps are run without graphs.
/// </summary>
internal sealed class CapturedGraphs : IDisposable
{
    /// <summary>Most changes of the memory whose graphs are kept.</summary>
    public const int MaxGenerations = 8;

    /// <summary>The entry of a run's options that has the graph's number.</summary>
    public const string Entry = "gpu_graph_id";

    private const int MaxRows = 1_024;

    private readonly Dictionary<int, RunOptions> _options = [];
    private (KeyValueMemory? Memory, int Version, DecoderBuffers.Arrays Arrays) _captured;
    private int _generation;

    /// <param name="isPossible">Whether the session captures graphs.</param>
    public CapturedGraphs(bool isPossible)
    {
        None = new RunOptions();
        if (isPossible) None.AddRunConfigEntry(Entry, "-1");
    }

    /// <summary>Whether steps are captured, so that they should have the same shapes each time.</summary>
    public bool AreWanted { get; private set; }

    /// <summary>The options of a run without a graph.</summary>
    public RunOptions None { get; }

    /// <summary>
    /// Captures steps from now on. ONNX Runtime keeps the graphs of each thread apart, so these must be the engine's steps.
    /// </summary>
    public void Begin() => AreWanted = true;

    /// <summary>The options of a step.</summary>
    public RunOptions For(KeyValueMemory memory, in DecoderBuffers.Arrays arrays, int rows)
    {
        if (!AreWanted) return None;
        if (_captured != (memory, memory.Version, arrays))
        {
            _captured = (memory, memory.Version, arrays);
            _generation++;
            AreWanted = _generation <= MaxGenerations;
            if (!AreWanted) return None;
        }

        var number = NumberOf(_generation, rows);
        if (_options.TryGetValue(number, out var options)) return options;
        options = new RunOptions();
        options.AddRunConfigEntry(Entry, number.ToString(CultureInfo.InvariantCulture));
        _options.Add(number, options);
        return options;
    }

    public void Dispose()
    {
        None.Dispose();
        foreach (var options in _options.Values) options.Dispose();
    }

    private static int NumberOf(int generation, int rows) => (generation * MaxRows) + rows;
}
