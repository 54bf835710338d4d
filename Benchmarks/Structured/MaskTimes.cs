using System.Numerics;
using AiPlatform.Benchmarks.Chat;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Text.Bpe;
using OpenedChat = AiPlatform.InferenceWorker.Tasks.Chat.OpenedChat;

namespace AiPlatform.Benchmarks.Structured;

/// <summary>
/// How long the masks of the reference's schemas take, for the tokens of the model: for each schema a text of random tokens that it allows,
/// with nothing known before.
/// </summary>
internal sealed class MaskTimes
{
    /// <summary>The token that ends a text of the model.</summary>
    private const int EndToken = 2;

    /// <summary>Enough to come to most states of a schema. Few of them are new later on.</summary>
    private const int MaxTokens = 128;

    private const int WarmUpRounds = 3;

    /// <summary>Of so many allowed tokens one is taken in half of the steps: the first tokens are short, and close strings.</summary>
    private const int FirstTokens = 12;

    private readonly List<double> _masks = [];
    private readonly List<double> _compiled = [];

    /// <summary>Microseconds of the median mask.</summary>
    public double Median => At(0.5);

    /// <summary>Microseconds that 99 of 100 masks do not exceed.</summary>
    public double Percentile99 => At(0.99);

    /// <summary>Milliseconds of compiling the median schema.</summary>
    public double Compiled => Benchmarks.Median.Of(_compiled, one => one);

    /// <summary>The number of masks, new ones and known ones.</summary>
    public int Count => _masks.Count;

    /// <summary>The number of schemas.</summary>
    public int Schemas => _compiled.Count;

    /// <summary>The tokens of the vocabulary.</summary>
    public int Tokens { get; private init; }

    /// <summary>The largest grammar with its masks, in MiB.</summary>
    public double LargestMiB { get; private set; }

    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"median {Median:0.0} µs, 99th percentile {Percentile99:0} µs, largest {LargestMiB:0.00} MiB, compiled in {Compiled:0.0} ms; "
        + $"{Schemas} schemas, {Count} masks of {Tokens} tokens");

    public static MaskTimes Measure()
    {
        var tokenizer = ChatTokenizer.Load(ChatRun.ModelFolder);
        var vocabulary = OpenedChat.ArrangeTokens(tokenizer, [EndToken]);
        var schemas = Directory.GetFiles(Path.Combine(Checkout.Root, "Tests", "Reference", "schemas"), "*.json");
        // The first rounds let the runtime compile the code.
        for (var round = 0; round < WarmUpRounds; round++)
            foreach (var schema in schemas) new MaskTimes().Add(File.ReadAllText(schema), vocabulary);
        var times = new MaskTimes { Tokens = vocabulary.Count };
        foreach (var schema in schemas) times.Add(File.ReadAllText(schema), vocabulary);
        return times;
    }

    private void Add(string schema, Vocabulary vocabulary)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var masks = new TokenMasks(Grammar.OfJsonSchema(schema), vocabulary);
        _compiled.Add(time.GetElapsedTime(start).TotalMilliseconds);
        var matcher = masks.Start();
#pragma warning disable CA5394 // Reproducible, not secret
        var random = new Random(schema.Length);
        for (var i = 0; i < MaxTokens; i++)
        {
            start = time.GetTimestamp();
            var mask = matcher.Mask;
            _masks.Add(time.GetElapsedTime(start).TotalMicroseconds);
            var allowed = Allowed(mask);
            var token = allowed[random.Next(random.Next(2) == 0 ? Math.Min(allowed.Count, FirstTokens) : allowed.Count)];
            if (!matcher.TryAccept(token)) break;
        }
#pragma warning restore CA5394

        LargestMiB = Math.Max(LargestMiB, masks.Bytes / 1024.0 / 1024.0);
    }

    private double At(double part)
    {
        _masks.Sort();
        return _masks[(int)(part * (_masks.Count - 1))];
    }

    private static List<int> Allowed(ReadOnlySpan<ulong> mask)
    {
        List<int> allowed = [];
        for (var word = 0; word < mask.Length; word++)
            for (var bits = mask[word]; bits != 0; bits &= bits - 1) allowed.Add((word * 64) + BitOperations.TrailingZeroCount(bits));
        return allowed;
    }
}
