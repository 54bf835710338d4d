using System.Globalization;
using System.Numerics.Tensors;
using AiPlatform.InferenceWorker.Generation.Decoder;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.Benchmarks.Chat;

/// <summary>
/// The limit to measure against: ONNX Runtime in a bare loop that takes the likeliest token, keys and values in place; no HTTP, no queue,
/// no sampling. It is asked on standard input: <c>decode ROWS TOKENS LENGTH NUMBER</c> gives tokens a second of all rows together,
/// <c>prefill LENGTH NUMBER</c> the milliseconds that a prompt takes in one run.
/// </summary>
internal sealed class BareDecoder : IDisposable
{
    /// <summary>The argument that makes this program one.</summary>
    public const string Role = "bare-decoder";

    private readonly DecoderConfig _config = DecoderConfigReader.Read(ChatRun.ModelFolder);
    private readonly ChatPrompts _prompts = new(ChatRun.ModelFolder);
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();

    private BareDecoder()
    {
        using var settings = new SessionOptions { IntraOpNumThreads = Environment.ProcessorCount, InterOpNumThreads = 1 };
        // Otherwise its threads would spin for some 50 ms after a run, and take a core from what is measured next.
        settings.AddSessionConfigEntry("session.force_spinning_stop", "1");
        _session = new InferenceSession(Path.Combine(ChatRun.ModelFolder, _config.Model), settings);
    }

    /// <summary>Answers until its standard input ends.</summary>
    public static void Run()
    {
        using var decoder = new BareDecoder();
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            var words = line.Split(' ');
            int[] numbers = [.. words[1..].Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
            var measured = words[0] == "decode"
                ? decoder.Decode(numbers[0], numbers[1], numbers[2], numbers[3]) : decoder.Prefill(numbers[0], numbers[1]);
            Console.WriteLine(measured.ToString("R", CultureInfo.InvariantCulture));
        }
    }

    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }

    private double Prefill(int length, int number)
    {
        var prompt = _prompts.Make(length, number).Tokens;
        using var rows = new Rows(_session, _config, 1, prompt.Length + 1);
        var start = _time.GetTimestamp();
        rows.Run(_options, 0, prompt);
        return _time.GetElapsedTime(start).TotalMilliseconds;
    }

    private double Decode(int count, int tokens, int length, int number)
    {
        int[][] prompts = [.. Enumerable.Range(number, count).Select(one => _prompts.Make(length, one).Tokens)];
        using var rows = new Rows(_session, _config, count, prompts.Max(prompt => prompt.Length) + tokens);
        for (var row = 0; row < count; row++) rows.Run(_options, row, prompts[row]);

        var start = _time.GetTimestamp();
        for (var i = 1; i < tokens; i++) rows.Step(_options);
        return count * (tokens - 1) / _time.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Some rows, with the memory of their keys and values.</summary>
    private sealed class Rows : IDisposable
    {
        private readonly InferenceSession _session;
        private readonly DecoderConfig _config;
        private readonly int _capacity;
        private readonly float[][] _cache;
        private readonly float[] _logits;
        private readonly long[] _ids;
        private readonly int[] _lengths;
        private readonly OrtIoBinding _steps;

        public Rows(InferenceSession session, DecoderConfig config, int count, int capacity)
        {
            (_session, _config, _capacity) = (session, config, capacity);
            _cache = [.. Enumerable.Range(0, 2 * config.Layers)
                .Select(_ => GC.AllocateArray<float>(count * RowLength, pinned: true))];
            _logits = GC.AllocateArray<float>(count * config.VocabularySize, pinned: true);
            (_ids, _lengths) = (GC.AllocateArray<long>(count, pinned: true), new int[count]);
            _steps = Bind(0, count, _ids);
        }

        private int RowLength => _config.KeyValueHeads * _capacity * _config.HeadSize;

        /// <summary>Computes a row's prompt and takes its first token.</summary>
        public void Run(RunOptions options, int row, int[] prompt)
        {
            var ids = GC.AllocateArray<long>(prompt.Length, pinned: true);
            for (var i = 0; i < ids.Length; i++) ids[i] = prompt[i];
            using var binding = Bind(row, 1, ids);
            using var mask = Ones(1, prompt.Length);
            binding.BindInput(_config.Names.AttentionMask, mask);
            _session.RunWithBinding(options, binding);
            _lengths[row] = prompt.Length;
            _ids[row] = Likeliest(row);
        }

        /// <summary>One token more of each row.</summary>
        public void Step(RunOptions options)
        {
            using var mask = Mask();
            _steps.BindInput(_config.Names.AttentionMask, mask);
            _session.RunWithBinding(options, _steps);
            for (var row = 0; row < _ids.Length; row++)
            {
                _ids[row] = Likeliest(row);
                _lengths[row]++;
            }
        }

        public void Dispose() => _steps.Dispose();

        private int Likeliest(int row) =>
            TensorPrimitives.IndexOfMax<float>(_logits.AsSpan(row * _config.VocabularySize, _config.VocabularySize));

        private OrtValue Mask()
        {
            var width = _lengths.Max() + 1;
            var mask = new long[_lengths.Length * width];
            for (var row = 0; row < _lengths.Length; row++) mask.AsSpan(row * width, _lengths[row] + 1).Fill(1);
            return OrtValue.CreateTensorValueFromMemory(mask, [_lengths.Length, width]);
        }

        private static OrtValue Ones(int rows, int width)
        {
            var ones = new long[rows * width];
            ones.AsSpan().Fill(1);
            return OrtValue.CreateTensorValueFromMemory(ones, [rows, width]);
        }

        /// <summary>All that is bound lies in arrays that never move.</summary>
        private OrtIoBinding Bind(int row, int count, long[] ids)
        {
            var (binding, names) = (_session.CreateIoBinding(), _config.Names);
            long[] shape = [count, _config.KeyValueHeads, _capacity, _config.HeadSize];
            for (var i = 0; i < _cache.Length; i++)
            {
                var (layer, isValue) = (i / 2, i % 2 == 1);
                using var value = Of(_cache[i].AsMemory(row * RowLength, count * RowLength), shape);
                binding.BindInput(DecoderNames.Of(isValue ? names.PastValue : names.PastKey, layer), value);
                binding.BindOutput(DecoderNames.Of(isValue ? names.PresentValue : names.PresentKey, layer), value);
            }

            using var tokens = OrtValue.CreateTensorValueFromMemory(ids, [count, ids.Length / count]);
            binding.BindInput(names.InputIds, tokens);
            var size = _config.VocabularySize;
            using var logits = Of(_logits.AsMemory(row * size, count * size), [count, 1, size]);
            binding.BindOutput(names.Logits, logits);
            return binding;
        }

        private static OrtValue Of(Memory<float> memory, long[] shape) =>
            OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape);
    }
}
