using System.Text.Json.Nodes;
using AiPlatform.Tests.InferenceWorker.Fixtures;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>
/// A decoder of one layer with random weights, in the form of onnxruntime-genai's model builder, with real attention over a real cache.
/// Tests choose the variants and the faults.
/// </summary>
internal sealed class TinyDecoder
{
    public const int Vocabulary = 32;
    public const int Context = 512;
    public const int EndToken = 31;

    /// <summary>The token whose embedding is NaN if <see cref="NaNToken"/> is set.</summary>
    public const int PoisonToken = 30;

    private const int Hidden = 16;
    private const int Heads = 2;
    private const int KeyValueHeads = 1;
    private const int HeadSize = 8;

    /// <summary>The type of the cache: float, or fp16 as CUDA's attention needs it.</summary>
    public int CacheType { get; init; } = OnnxGraph.Float;

    public int LogitsType { get; init; } = OnnxGraph.Float;

    /// <summary>Whether it has the input of position ids, and needs it.</summary>
    public bool TakesPositions { get; init; }

    /// <summary>Whether logits are of the last position only.</summary>
    public bool IsPruned { get; init; }

    /// <summary>Whether a token's logits are NaN.</summary>
    public bool NaNToken { get; init; }

    /// <summary>Rows of the embedding table: with fewer than tokens, the last tokens make a run fail.</summary>
    public int Embeddings { get; init; } = Vocabulary;

    /// <summary>Whether past and present are joined by a Concat, as older exports do.</summary>
    public bool GrowsCache { get; init; }

    public int IdsType { get; init; } = OnnxGraph.Int64;

    /// <summary>An input that the engine does not know; null for none.</summary>
    public string? ExtraInput { get; init; }

    public JsonObject Config { get; } = new()
    {
        ["model"] = new JsonObject
        {
            ["context_length"] = Context,
            ["eos_token_id"] = EndToken,
            ["type"] = "llama",
            ["vocab_size"] = Vocabulary,
            ["decoder"] = new JsonObject
            {
                ["filename"] = "model.onnx",
                ["head_size"] = HeadSize,
                ["num_hidden_layers"] = 1,
                ["num_key_value_heads"] = KeyValueHeads,
                ["inputs"] = new JsonObject
                {
                    ["input_ids"] = "input_ids",
                    ["attention_mask"] = "attention_mask",
                    ["past_key_names"] = "past_key_values.%d.key",
                    ["past_value_names"] = "past_key_values.%d.value",
                },
                ["outputs"] = new JsonObject
                {
                    ["logits"] = "logits",
                    ["present_key_names"] = "present.%d.key",
                    ["present_value_names"] = "present.%d.value",
                },
            },
        },
        ["search"] = new JsonObject { ["past_present_share_buffer"] = true },
    };

    public JsonObject Model => Config["model"]!.AsObject();

    public JsonObject Decoder => Model["decoder"]!.AsObject();

    /// <summary>Writes its folder.</summary>
    public string Write(TemporaryFolder root)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root.Path, "tiny")).FullName;
        File.WriteAllText(Path.Combine(folder, "genai_config.json"), Config.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), Graph());
        return folder;
    }

    private byte[] Graph()
    {
        var random = new Random(7);
        var isHalf = CacheType == OnnxGraph.Float16;
        var embeddings = Weights(random, Embeddings * Hidden, 1);
        if (NaNToken) Array.Fill(embeddings, float.NaN, PoisonToken * Hidden, Hidden);
        var graph = new OnnxGraph()
            .Input("input_ids", IdsType, "batch", "sequence")
            .Input("attention_mask", OnnxGraph.Int64, "batch", "total")
            .Input("past_key_values.0.key", CacheType, "batch", KeyValueHeads, "past", HeadSize)
            .Input("past_key_values.0.value", CacheType, "batch", KeyValueHeads, "past", HeadSize)
            .Output("logits", LogitsType, "batch", IsPruned ? 1 : "sequence", Vocabulary)
            .Output("present.0.key", CacheType, "batch", KeyValueHeads, "total", HeadSize)
            .Output("present.0.value", CacheType, "batch", KeyValueHeads, "total", HeadSize)
            .Constant("embeddings", [Embeddings, Hidden], embeddings)
            .Constant("wq", [Hidden, Heads * HeadSize], Weights(random, Hidden * Heads * HeadSize, 0.5f))
            .Constant("wk", [Hidden, KeyValueHeads * HeadSize], Weights(random, Hidden * KeyValueHeads * HeadSize, 0.5f))
            .Constant("wv", [Hidden, KeyValueHeads * HeadSize], Weights(random, Hidden * KeyValueHeads * HeadSize, 0.5f))
            .Constant("wo", [Heads * HeadSize, Hidden], Weights(random, Heads * HeadSize * Hidden, 1))
            .Constant("wl", [Hidden, Vocabulary], Weights(random, Hidden * Vocabulary, 0.5f))
            .Constant("one", [1], [1L])
            .Constant("first", [], [1L])
            .Constant("last", [1], [-1L])
            .Constant("end", [1], [long.MaxValue])
            .Node("Gather", ["embeddings", "input_ids"], ["tokens"]);
        if (ExtraInput is not null) graph.Input(ExtraInput, OnnxGraph.Int64, "batch");
        var x = "tokens";
        if (TakesPositions)
        {
            x = "placed";
            graph.Input("position_ids", OnnxGraph.Int64, "batch", "sequence")
                .Constant("places", [Context, Hidden], Weights(random, Context * Hidden, 1))
                .Node("Gather", ["places", "position_ids"], ["place"])
                .Node("Add", ["tokens", "place"], ["placed"]);
        }

        foreach (var part in (string[])["q", "k", "v"])
        {
            graph.Node("MatMul", [x, $"w{part}"], [isHalf ? $"{part}32" : part]);
            if (isHalf) graph.Node("Cast", [$"{part}32"], [part], ("to", OnnxGraph.Float16));
        }

        Attention(graph, isHalf);
        graph.Node("MatMul", ["attended", "wo"], ["mixed"]).Node("Add", [x, "mixed"], ["states"]);
        var states = "states";
        if (IsPruned) graph.Node("Slice", ["states", "last", "end", "one"], [states = "state"]);
        var halfLogits = LogitsType == OnnxGraph.Float16;
        graph.Node("MatMul", [states, "wl"], [halfLogits ? "logits32" : "logits"]);
        if (halfLogits) graph.Node("Cast", ["logits32"], ["logits"], ("to", OnnxGraph.Float16));
        return graph.ToModel();
    }

    private void Attention(OnnxGraph graph, bool isHalf)
    {
        if (GrowsCache)
        {
            // There is no attention: the cache grows by concatenation, and the text depends on the last token only.
            graph.Constant("cacheShape", [4], [0L, KeyValueHeads, -1, HeadSize]);
            foreach (var part in (string[])["key", "value"])
            {
                graph.Node("Reshape", [part[..1], "cacheShape"], [$"new.{part}"]);
                graph.Node("Concat", [$"past_key_values.0.{part}", $"new.{part}"], [$"present.0.{part}"], ("axis", 2));
            }

            graph.Node("Identity", ["q"], ["attended"]);
            return;
        }

        graph.Node("ReduceSum", ["attention_mask", "one"], ["lengths"], ("keepdims", 0))
            .Node("Sub", ["lengths", "one"], ["lasts"])
            .Node("Cast", ["lasts"], ["seqlens"], ("to", OnnxGraph.Int32))
            .Node("Shape", ["attention_mask"], ["maskShape"])
            .Node("Gather", ["maskShape", "first"], ["width"], ("axis", 0))
            .Node("Cast", ["width"], ["total"], ("to", OnnxGraph.Int32))
            .Node(
                "GroupQueryAttention",
                ["q", "k", "v", "past_key_values.0.key", "past_key_values.0.value", "seqlens", "total"],
                [isHalf ? "attended16" : "attended", "present.0.key", "present.0.value"],
                ("num_heads", Heads), ("kv_num_heads", KeyValueHeads));
        if (isHalf) graph.Node("Cast", ["attended16"], ["attended"], ("to", OnnxGraph.Float));
    }

    private static float[] Weights(Random random, int count, float scale) =>
        [.. Enumerable.Range(0, count).Select(_ => scale * (float)(2 * random.NextDouble() - 1))];
}
