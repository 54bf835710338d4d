using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.InferenceWorker.Generation.Choosing;

/// <summary>Finds the likeliest tokens with a small graph of its own, which runs where the decoder runs.</summary>
internal sealed class DeviceChoice : IDeviceChoice, IDisposable
{
    /// <summary>Tokens that are found for a row. Requests for more of them get all logits.</summary>
    private const int MostTokens = 64;

    private static readonly string[] Inputs = [ChoosingGraph.Logits, ChoosingGraph.Allowed];
    private static readonly string[] Outputs = [ChoosingGraph.Values, ChoosingGraph.Tokens, ChoosingGraph.Sums];

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly OrtMemoryInfo _info;
    private readonly TensorElementType _type;
    private readonly int _stride;
    private readonly Action<int> _download;

    /// <summary>The mask that allows every token. The graph's further logits are no tokens.</summary>
    private readonly int[] _all;

    private bool[] _isNarrow = [];
    private int[] _masks = [];
    private float[] _values = [];
    private long[] _tokens = [];
    private float[] _sums = [];
    private nint _logits;
    private int _rows;

    /// <param name="vocabulary">Tokens that may be chosen.</param>
    /// <param name="stride">Logits of a row.</param>
    /// <param name="type">Their type: fp32 or fp16.</param>
    /// <param name="place">Where the decoder runs.</param>
    /// <param name="info">Where the logits are.</param>
    /// <param name="download">Makes all logits of a row available.</param>
    public DeviceChoice(
        int vocabulary, int stride, TensorElementType type, DecoderPlace place, OrtMemoryInfo info, Action<int> download)
    {
        (_stride, _type, _info, _download) = (stride, type, info, download);
        Count = Math.Min(MostTokens, vocabulary);
        _all = new int[ChoosingGraph.MaskLength(stride)];
        for (var token = 0; token < vocabulary; token++) _all[token / 8] |= 1 << token % 8;
        using var settings = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        (place with { CapturesGraphs = false }).AddTo(settings);
        _session = new InferenceSession(ChoosingGraph.Write(stride, type == TensorElementType.Float16, Count), settings);
    }

    public int Count { get; }

    public void Begin(int rows)
    {
        if (_isNarrow.Length < rows)
        {
            (_isNarrow, _masks) = (new bool[rows], new int[rows * _all.Length]);
            (_values, _tokens, _sums) = (new float[rows * Count], new long[rows * Count], new float[rows]);
        }

        _rows = rows;
        _isNarrow.AsSpan().Clear();
    }

    public void Narrow(int row)
    {
        _isNarrow[row] = true;
        _all.CopyTo(_masks, row * _all.Length);
    }

    /// <summary>A row that was not begun is not narrowed.</summary>
    public bool IsNarrow(int row) => row < _isNarrow.Length && _isNarrow[row];

    public void Widen(int row)
    {
        if (!_isNarrow[row]) return;
        _isNarrow[row] = false;
        _download(row);
    }

    public Span<int> MaskOf(int row) => _masks.AsSpan(row * _all.Length, _all.Length);

    /// <summary>Takes the address of the logits of the decoder's run.</summary>
    public void Stepped(nint logits) => _logits = logits;

    public void Run()
    {
        if (!_isNarrow.Contains(true)) return;
        long[] many = [_rows, Count];
        using var logits = OrtValue.CreateTensorValueWithData(
            _info, _type, [_rows, _stride], _logits, (long)_rows * _stride * (_type == TensorElementType.Float16 ? 2 : 4));
        using var allowed = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, _masks.AsMemory(0, _rows * _all.Length), [_rows, _all.Length]);
        using var values = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _values.AsMemory(0, _rows * Count), many);
        using var tokens = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _tokens.AsMemory(0, _rows * Count), many);
        using var sums = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _sums.AsMemory(0, _rows), [_rows]);
        _session.Run(_runOptions, Inputs, [logits, allowed], Outputs, [values, tokens, sums]);

        // With NaN among the logits no order is sure, so such a row is chosen from all of them.
        for (var row = 0; row < _rows; row++)
            if (!float.IsFinite(_sums[row])) Widen(row);
    }

    public bool TryGet(int row, out ReadOnlySpan<long> tokens, out ReadOnlySpan<float> logits)
    {
        tokens = _tokens.AsSpan(row * Count, Count);
        logits = _values.AsSpan(row * Count, Count);
        return IsNarrow(row);
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
