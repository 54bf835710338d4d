using System.Text;
using System.Text.Json;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;
using AiPlatform.Tests.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Chat;

/// <summary>Calls in the text of a choice, also when another worker goes on with it.</summary>
public sealed class ChoiceTextTests
{
    private static readonly string Calls =
        ToolCallForm.Write("weather", """{"city":"Zürich 😀","days":[1,2]}""") + "\n" + ToolCallForm.Write("weather", "{}");

    private readonly AnswerForm _form;
    private readonly ChatCall _call;

    public ChoiceTextTests()
    {
        const string Body = """
            {"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"weather"}}]}
            """;
        _call = ChatRequestParser.Parse(Encoding.UTF8.GetBytes(Body)).Call!;
        _form = _call.FormOf(JobId.New(QueueName.ForModel("m"), DateTimeOffset.UnixEpoch), "m");
    }

    [Fact]
    public void ToChoice_Calls_AreCallsAndNoText()
    {
        var sut = CreateSut();

        foreach (var token in ChatReference.Tokenizer.EncodeWithControl(Calls)) Add(sut, token);
        End(sut);

        var choice = sut.ToChoice(_form);
        Assert.Equal([new("weather", """{"city":"Zürich 😀","days":[1,2]}"""), new AnswerCall("weather", "{}")], choice.Calls);
        Assert.Equal(("", "tool_calls"), (choice.Text, choice.FinishReason));
    }

    [Fact]
    public void ToChoice_CallCutByAStopString_IsStoppedAndNoCallToMake()
    {
        var sut = CreateSut(_call with { Stop = ["days"] });

        foreach (var token in ChatReference.Tokenizer.EncodeWithControl(Calls))
            if (!Add(sut, token)) break;
        End(sut);

        var choice = sut.ToChoice(_form);
        Assert.Equal([new AnswerCall("weather", "{\"city\":\"Zürich 😀\",\"")], choice.Calls);
        Assert.Equal("stop", choice.FinishReason);
    }

    [Theory]
    [InlineData("Hello 😀")]
    [InlineData("<tool")]
    [InlineData("<b>Hello</b>")]
    public void ToChoice_Text_IsText(string text)
    {
        var sut = CreateSut();

        foreach (var token in ChatReference.Tokenizer.EncodeWithControl(text)) Add(sut, token);
        End(sut);

        var choice = sut.ToChoice(_form);
        Assert.Equal((text, "stop", 0), (choice.Text, choice.FinishReason, choice.Calls.Count));
        Assert.Equal(text, string.Concat(TakeAll(CreateSut(), text).Select(piece => _form.ReadPiece(piece).Text)));
    }

    /// <summary>Wherever the first worker dies, the reader sees each call once, and whole.</summary>
    [Fact]
    public void Restore_AfterEachToken_GoesOnBehindIt()
    {
        var tokens = ChatReference.Tokenizer.EncodeWithControl(Calls);
        for (var died = 0; died <= tokens.Length; died++)
        {
            var first = CreateSut();
            List<string> said = [];
            foreach (var token in tokens[..died])
            {
                Add(first, token);
                said.AddRange(Taken(first));
            }

            var second = CreateSut();
            foreach (var piece in said) second.Restore(_form.ReadPiece(piece));
            foreach (var token in tokens[second.Restored.Length..])
            {
                Add(second, token);
                said.AddRange(Taken(second));
            }

            End(second);
            said.AddRange(Taken(second));

            var calls = said.SelectMany(CallsIn).ToList();
            Assert.Equal(["weather", "weather"], calls.Select(call => call.Name).Where(name => name.Length > 0));
            Assert.Equal("""{"city":"Zürich 😀","days":[1,2]}{}""", string.Concat(calls.Select(call => call.Arguments)));
            Assert.Equal(tokens, said.SelectMany(piece => _form.ReadPiece(piece).Tokens));
            Assert.Equal("tool_calls", _form.ReadPiece(said[^1]).FinishReason);
            Assert.Equal(2, second.ToChoice(_form).Calls.Count);
        }
    }

    private ChoiceText CreateSut(ChatCall? call = null)
    {
        var times = new TokenTimes(null, "m", TimeProvider.System, TimeProvider.System.GetTimestamp());
        return new ChoiceText(0, [1], 1_000, call ?? _call, masks: null, ChatReference.Tokenizer, times, null);
    }

    private IEnumerable<string> TakeAll(ChoiceText sut, string text)
    {
        List<string> pieces = [];
        foreach (var token in ChatReference.Tokenizer.EncodeWithControl(text))
        {
            Add(sut, token);
            pieces.AddRange(Taken(sut));
        }

        End(sut);
        return [.. pieces, .. Taken(sut)];
    }

    private List<string> Taken(ChoiceText sut)
    {
        List<string> pieces = [];
        while (sut.Take(_form) is { } piece) pieces.Add(piece);
        return pieces;
    }

    private static bool Add(ChoiceText sut, int token) => sut.OnToken(new GeneratedToken(token, 0, 0, []));

    private static void End(ChoiceText sut) => sut.OnEnd(new GenerationEnd
    {
        Finish = GenerationFinish.Stop,
        EndToken = 2,
        PromptTokens = 1,
        CachedTokens = 0,
        GeneratedTokens = 1,
    });

    private static IEnumerable<(string Name, string Arguments)> CallsIn(string piece)
    {
        var delta = JsonDocument.Parse(piece).RootElement.GetProperty("choices")[0].GetProperty("delta");
        return delta.TryGetProperty("tool_calls", out var calls)
            ? calls.EnumerateArray().Select(call => call.GetProperty("function")).Select(function => (
                function.TryGetProperty("name", out var name) ? name.GetString()! : "", function.GetProperty("arguments").GetString()!))
            : [];
    }
}
