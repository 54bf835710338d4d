using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Generation.Constraints;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.Jobs.Tasks.Generation;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Grammars;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Constraints;

public sealed class CompiledGrammarsTests
{
    private static readonly Task<Vocabulary> Bytes = Task.FromResult(Vocabularies.Bytes);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AnswerGrammarKind.JsonSchema, """{"type":"integer"}""", "12", "ab")]
    [InlineData(AnswerGrammarKind.Regex, "[a-c]+", "ab", "12")]
    [InlineData(AnswerGrammarKind.Rules, "start: \"a\" \"b\"?", "ab", "12")]
    public async Task GetAsync_EachKind_IsCompiledOnceAndShared(AnswerGrammarKind kind, string text, string fitting, string other)
    {
        var sut = new CompiledGrammars(Bytes, 1024 * 1024);

        var found = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => sut.GetAsync(new AnswerGrammar(kind, text), Ct))));

        var masks = Assert.Single(found.Select(one => one.Masks).Distinct());
        Assert.True(masks!.Grammar.Accepts(fitting));
        Assert.False(masks.Grammar.Accepts(other));
        Assert.Equal(1, sut.Count);
    }

    [Theory]
    [InlineData(
        AnswerGrammarKind.JsonSchema, """{"type":"object","properties":{"a":{"uniqueItems":true}},"required":["a"]}""",
        "'uniqueItems' of #/properties/a")]
    [InlineData(AnswerGrammarKind.JsonSchema, """{"type":"string","pattern":"("}""", "'pattern' of #")]
    [InlineData(AnswerGrammarKind.JsonSchema, "{", "must be JSON")]
    [InlineData(AnswerGrammarKind.JsonSchema, """{"enum":[]}""", "No text fits")]
    [InlineData(AnswerGrammarKind.Regex, "(?=a)", "look-around")]
    [InlineData(AnswerGrammarKind.Rules, "start: x", "no rule 'x'")]
    public async Task GetAsync_WhatCannotBeGuaranteed_SaysWhyAndWhere(AnswerGrammarKind kind, string text, string problem)
    {
        var sut = new CompiledGrammars(Bytes, 1024 * 1024);

        var first = await sut.GetAsync(new AnswerGrammar(kind, text), Ct);
        var again = await sut.GetAsync(new AnswerGrammar(kind, text), Ct);

        Assert.Null(first.Masks);
        Assert.Contains(problem, first.Problem, StringComparison.Ordinal);
        Assert.Same(first.Problem, again.Problem);
        Assert.Equal(1, sut.Count);
    }

    [Fact]
    public async Task GetAsync_MoreThanThereIsMemoryFor_KeepsTheOnesThatWereUsedLately()
    {
        var sut = new CompiledGrammars(Bytes, 64 * 1024);
        var (first, _) = await sut.GetAsync(Numbered(0), Ct);

        for (var i = 1; i < 40; i++)
        {
            var (masks, _) = await sut.GetAsync(Numbered(i), Ct);
            var matcher = masks!.Start();
            foreach (var one in $"{{\"p{i}\":\"some text\"}}") Assert.True(matcher.Mask.Length > 0 && matcher.TryAccept(one));
            Assert.Same(first, (await sut.GetAsync(Numbered(0), Ct)).Masks);
        }

        Assert.InRange(sut.Count, 2, 20);
        Assert.Same(first, (await sut.GetAsync(Numbered(0), Ct)).Masks);
    }

    [Fact]
    public async Task GetAsync_Canceled_IsNotRemembered()
    {
        var sut = new CompiledGrammars(Bytes, 1024 * 1024);
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        // It is canceled while it waits for the vocabulary, or compiles.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new CompiledGrammars(new TaskCompletionSource<Vocabulary>().Task, 1).GetAsync(Numbered(1), canceled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sut.GetAsync(Numbered(1), canceled.Token));

        Assert.Equal(0, sut.Count);
        Assert.NotNull((await sut.GetAsync(Numbered(1), Ct)).Masks);
    }

    /// <summary>Each hostile schema is refused or works, while a row of the engine goes on.</summary>
    [Fact]
    public async Task GetAsync_HostileSchemas_LetTheRowsGoOn()
    {
        var engine = Engines.Start(new FakeDecoder());
        var sut = new CompiledGrammars(Bytes, 64 * 1024 * 1024);
        string[] hostile =
            ["a megabyte of properties", "a reference to itself", "an exponential pattern", "an exponential anyOf", "100,000 values"];
        using var stop = new CancellationTokenSource();

        var row = engine.Submit(Engines.Greedy(Engines.Prompt(1, 20), 4_000) with
        {
            Sampling = SamplingSettings.Greedy with { IgnoreEnd = true },
            CancellationToken = stop.Token,
        });
        await Poll.UntilAsync(() => row.Count > 0, "the row has begun");
        var before = row.Count;
        foreach (var schema in hostile)
        {
            var text = HostileGrammarTests.All[schema]();
            var (masks, problem) = await sut.GetAsync(new AnswerGrammar(AnswerGrammarKind.JsonSchema, text), Ct);
            Assert.NotEqual(masks is null, problem is null);
        }

        Assert.True(row.Count > before || row.Count == 4_000);
        await stop.CancelAsync();
        await row.End;
        await engine.StopAsync();
    }

    private static AnswerGrammar Numbered(int number) => new(
        AnswerGrammarKind.JsonSchema,
        $$$"""
        {"type":"object","properties":{"p{{{number}}}":{"type":"string"}},"required":["p{{{number}}}"],"additionalProperties":false}
        """);
}
