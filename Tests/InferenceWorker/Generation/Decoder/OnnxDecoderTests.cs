using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Decoder;

public sealed class OnnxDecoderTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(OnnxGraph.Float, OnnxGraph.Float, false, false)]
    [InlineData(OnnxGraph.Float, OnnxGraph.Float, false, true)]
    [InlineData(OnnxGraph.Float, OnnxGraph.Float, true, false)]
    [InlineData(OnnxGraph.Float, OnnxGraph.Float, true, true)]
    [InlineData(OnnxGraph.Float16, OnnxGraph.Float, true, true)]
    [InlineData(OnnxGraph.Float16, OnnxGraph.Float16, false, false)]
    public async Task Generate_EachFormOfGraph_GivesTheTextOfWholeRuns(int cache, int logits, bool takesPositions, bool isPruned)
    {
        var model = new TinyDecoder { CacheType = cache, LogitsType = logits, TakesPositions = takesPositions, IsPruned = isPruned };
        var folder = model.Write(_root);
        var sut = Engines.Start(Open(folder), new GenerationOptions { MaxRows = 4, PrefillChunkTokens = 16, MemoryMiB = 1 });
        using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
        var prompts = Enumerable.Range(0, 10).Select(i => Prompt(i, 1 + 9 * i)).ToList();

        var texts = prompts.Select(prompt => sut.Submit(Greedy(prompt, 40))).ToList();

        for (var i = 0; i < prompts.Count; i++)
        {
            Assert.Null((await texts[i].End).Problem);
            AssertIsLikeliest(session, model, prompts[i], texts[i].Tokens);
        }

        await sut.StopAsync();
    }

    [Fact]
    public void Prefill_ChunksAndPrefixes_GivesTheLogitsOfOneRun()
    {
        var folder = new TinyDecoder { TakesPositions = true, IsPruned = true }.Write(_root);
        using var decoder = Open(folder);
        using var memory = new KeyValueMemory(decoder.Shape);
        memory.Reshape(3, 200, []);
        var prompt = Prompt(3, 150);
        var whole = decoder.Prefill(memory, 0, 0, prompt).ToArray();

        decoder.Prefill(memory, 2, 0, prompt.AsSpan(0, 100));
        var chunked = decoder.Prefill(memory, 2, 100, prompt.AsSpan(100)).ToArray();
        memory.CopyRow(2, 1, 70);
        var copied = decoder.Prefill(memory, 1, 70, prompt.AsSpan(70)).ToArray();
        memory.SwapRows(0, 1, 150);
        memory.Reshape(2, 180, [new KeptRow(1, 150), new KeptRow(0, 150)]);
        var moved = decoder.Prefill(memory, 1, 140, prompt.AsSpan(140)).ToArray();

        Assert.Equal(whole, chunked);
        Assert.Equal(whole, copied);
        Assert.Equal(whole, moved);
    }

    [Fact]
    public async Task Generate_RowOfNaN_FailsAlone()
    {
        var sut = Engines.Start(Open(new TinyDecoder { NaNToken = true }.Write(_root)));

        var (one, poisoned) = (sut.Submit(Greedy([1, 2, 3], 50)), sut.Submit(Greedy([1, TinyDecoder.PoisonToken], 50)));

        Assert.Equal(GenerationFinish.Failed, (await poisoned.End).Finish);
        Assert.NotEqual(GenerationFinish.Failed, (await one.End).Finish);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Generate_RunThatOnnxRuntimeRefuses_FailsItsRowAlone()
    {
        var sut = Engines.Start(Open(new TinyDecoder { Embeddings = TinyDecoder.Vocabulary - 2 }.Write(_root)));

        var (one, refused) = (sut.Submit(Greedy([1, 2, 3], 50)), sut.Submit(Greedy([1, TinyDecoder.PoisonToken, 2], 50)));

        Assert.Equal(GenerationFinish.Failed, (await refused.End).Finish);
        Assert.NotEqual(GenerationFinish.Failed, (await one.End).Finish);
        await sut.StopAsync();
    }

    [Fact]
    public async Task Generate_HundredsOfSteps_AllocatesNothingForATokenOfARow()
    {
        var sut = Engines.Start(Open(new TinyDecoder { IsPruned = true }.Write(_root)), new GenerationOptions { MaxRows = 4 });
        var endless = Greedy([1, 2, 3], 450) with { Sampling = new SamplingSettings { TopP = 0.9f, IgnoreEnd = true } };
        List<AllocationSink> others = [.. Enumerable.Range(0, 3).Select(_ => new AllocationSink())];
        // All rows run at the same time, however slow the test's thread is.
        List<AllocationSink> sinks = [new(() => others.ForEach(other => SubmitAs(others.IndexOf(other) + 1, other))), .. others];

        void SubmitAs(int choice, AllocationSink sink) =>
            sut.Submit(endless with { Sampling = endless.Sampling with { Choice = choice } }, sink);

        SubmitAs(0, sinks[0]);
        foreach (var sink in sinks) Assert.Equal(GenerationFinish.Length, (await sink.End.Task).Finish);

        // Bytes for 1,400 tokens: the mask's tensor is allocated again when it grows, every 64 positions.
        Assert.InRange(sinks[0].Allocated, 0, 8 * 1024);
        await sut.StopAsync();
    }

    [Fact]
    public void Open_OtherNamesInTheConfiguration_AreTakenFromThere()
    {
        var model = new TinyDecoder();
        model.Model["eos_token_id"] = new JsonArray(3, 31);

        using var decoder = Open(model.Write(_root));

        Assert.Equal([3, 31], decoder.Shape.EndTokens);
        Assert.Equal((TinyDecoder.Vocabulary, TinyDecoder.Context), (decoder.Shape.VocabularySize, decoder.Shape.ContextLength));
    }

    [Fact]
    public void Open_CacheThatGrowsByConcat_IsRefused()
    {
        var refused = Refused(new TinyDecoder { GrowsCache = true });

        Assert.Contains("past and present keys and values in the same memory", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_UnknownInput_IsRefusedByName()
    {
        var refused = Refused(new TinyDecoder { ExtraInput = "encoder_hidden_states" });

        Assert.Contains("its input 'encoder_hidden_states' is not known", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_IdsOfAnotherType_IsRefused()
    {
        var refused = Refused(new TinyDecoder { IdsType = OnnxGraph.Int32 });

        Assert.Contains("its input 'input_ids' is Int32 of 2 dimensions; it must be Int64", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("decoder.head_size", 16, "'model.decoder.head_size' in genai_config.json says 16")]
    [InlineData("decoder.num_key_value_heads", 3, "'model.decoder.num_key_value_heads' in genai_config.json says 3")]
    [InlineData("decoder.num_hidden_layers", 2, "it has no input 'past_key_values.1.key'")]
    [InlineData("decoder.num_hidden_layers", 2_000_000_000, "is 2000000000; it must be 1 to 1000")]
    [InlineData("decoder.head_size", 0, "is 0; it must be")]
    [InlineData("decoder.num_key_value_heads", -1, "is -1; it must be")]
    [InlineData("decoder.filename", "../model.onnx", "must be a plain file name")]
    [InlineData("decoder.filename", "other.onnx", "ONNX Runtime cannot load it on cpu")]
    [InlineData("decoder.inputs.past_key_names", "past", "it must have %d for the layer, once")]
    [InlineData("decoder.inputs.input_ids", "tokens", "it has no input 'tokens'")]
    [InlineData("decoder.outputs.logits", "scores", "it has no output 'scores'")]
    [InlineData("decoder.outputs.present_key_names", "kept.%d.key", "it has no output 'kept.0.key'")]
    [InlineData("vocab_size", 64, "'model.vocab_size' in genai_config.json says 64")]
    [InlineData("vocab_size", 1e18, "must be a whole number|is 1000000000000000000")]
    [InlineData("context_length", 0, "is 0; it must be")]
    [InlineData("eos_token_id", 32, "is 32; it must be 0 to 31")]
    [InlineData("eos_token_id", "end", "must be a token's id")]
    public void Open_FieldIsWrong_IsRefusedByName(string field, object value, string reason)
    {
        var model = new TinyDecoder();
        var parts = field.Split('.');
        var parent = parts[..^1].Aggregate(model.Model, (at, name) => at[name]!.AsObject());
        parent[parts[^1]] = JsonValue.Create(value);

        var refused = Refused(model);

        Assert.Contains(reason.Split('|'), one => refused.Contains(one, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vision", """{ "filename": "vision.onnx" }""", "'model.vision' says that the model takes images")]
    [InlineData("encoder", """{ "filename": "encoder.onnx" }""", "'model.encoder' says that the model takes an encoder")]
    [InlineData("speech", """{ "filename": "speech.onnx" }""", "'model.speech' says that the model takes speech")]
    [InlineData("embedding", """{ "filename": "embedding.onnx" }""", "'model.embedding' says")]
    [InlineData("decoder.sliding_window", """{ "window_size": 512 }""", "'model.decoder.sliding_window' asks for a cache with a sliding window")]
    [InlineData("decoder.pipeline", "[]", "'model.decoder.pipeline' cuts the model into several graphs")]
    public void Open_KindOfModelThatIsNotRun_IsRefusedWithTheReason(string field, string json, string reason)
    {
        var model = new TinyDecoder();
        var parent = field.StartsWith("decoder.", StringComparison.Ordinal) ? model.Decoder : model.Model;
        parent[field.Split('.')[^1]] = JsonNode.Parse(json);

        Assert.Contains(reason, Refused(model), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "must be a JSON object")]
    [InlineData("{}", "the field 'model' is missing")]
    [InlineData("""{"model":{"decoder":{}}}""", "is missing")]
    [InlineData("""{"model":[]}""", "'model' must be a JSON object")]
    public void Read_BrokenConfiguration_IsRefused(string json, string reason)
    {
        File.WriteAllText(Path.Combine(_root.Path, "genai_config.json"), json);

        var refused = Assert.Throws<ModelProblemException>(() => DecoderConfigReader.Read(_root.Path));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoConfiguration_IsRefused()
    {
        var refused = Assert.Throws<ModelProblemException>(() => DecoderConfigReader.Read(_root.Path));

        Assert.Contains("genai_config.json: cannot be read", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Measures the allocations of the engine's thread between a row's 50th and its 400th token.</summary>
    private sealed class AllocationSink(Action? atFirst = null) : ITokenSink
    {
        private int _tokens;
        private long _before;

        public TaskCompletionSource<GenerationEnd> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Allocated { get; private set; }

        public bool OnToken(in GeneratedToken token)
        {
            _tokens++;
            if (_tokens == 1) atFirst?.Invoke();
            if (_tokens == 50) _before = GC.GetAllocatedBytesForCurrentThread();
            if (_tokens == 400) Allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
            return true;
        }

        public void OnEnd(in GenerationEnd end) => End.SetResult(end);
    }

    private static OnnxDecoder Open(string folder) => OnnxDecoder.Open(folder, new DecoderThreads(1, Spin: false));

    private string Refused(TinyDecoder model)
    {
        var folder = model.Write(_root);
        return Assert.Throws<ModelProblemException>(() => Open(folder).Dispose()).Message;
    }

    private static GenerationRequest Greedy(int[] prompt, int most) => Engines.Greedy(prompt, most);

    private static int[] Prompt(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(0, 30))];
    }

    /// <summary>
    /// Every token that is clearly the likeliest must be the likeliest in a run of all tokens before it without a cache, too.
    /// </summary>
    private static void AssertIsLikeliest(InferenceSession session, TinyDecoder model, int[] prompt, List<int> text)
    {
        for (var i = 0; i < text.Count; i++)
        {
            var logits = WholeRun(session, model, [.. prompt, .. text.Take(i)]);
            Assert.InRange(logits.Max() - logits[text[i]], 0, 0.02f);
        }
    }

    private static float[] WholeRun(InferenceSession session, TinyDecoder model, int[] tokens)
    {
        using var runOptions = new RunOptions();
        Dictionary<string, OrtValue> inputs = new()
        {
            ["input_ids"] = OrtValue.CreateTensorValueFromMemory(tokens.Select(token => (long)token).ToArray(), [1, tokens.Length]),
            ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(
                Enumerable.Repeat(1L, tokens.Length).ToArray(), [1, tokens.Length]),
        };
        if (model.TakesPositions)
        {
            inputs["position_ids"] = OrtValue.CreateTensorValueFromMemory(
                Enumerable.Range(0, tokens.Length).Select(place => (long)place).ToArray(), [1, tokens.Length]);
        }

        foreach (var name in session.InputNames.Where(name => name.StartsWith("past", StringComparison.Ordinal)))
        {
            inputs[name] = OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance, session.InputMetadata[name].ElementDataType, [1, 1, 0, 8]);
        }

        using var results = session.Run(runOptions, inputs, ["logits"]);
        var logits = new float[TinyDecoder.Vocabulary];
        if (model.LogitsType == OnnxGraph.Float)
        {
            results[0].GetTensorDataAsSpan<float>()[^logits.Length..].CopyTo(logits);
        }
        else
        {
            var half = MemoryMarshal.Cast<Float16, Half>(results[0].GetTensorDataAsSpan<Float16>());
            TensorPrimitives.ConvertToSingle(half[^logits.Length..], logits);
        }

        foreach (var input in inputs.Values) input.Dispose();
        return logits;
    }
}
