using System.Text;
using AiPlatform.InferenceWorker.Text.Streaming;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Streaming;

public sealed class StopStringsTests
{
    private const int Bound = 60_000; // milliseconds, hundreds of times what is needed

    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(5000).WithEndSize(30);
    private static readonly Gen<string> Letters = Gen.Elements('a', 'b', 'c').ListOf().Select(all => string.Concat(all));
    private static readonly Arbitrary<string[]> Stops = Gen.Choose(0, 4)
        .SelectMany(count => Gen.ArrayOf(Gen.Choose(1, 5).SelectMany(length => Gen.ArrayOf(Gen.Elements('a', 'b', 'c'), length)), count))
        .Select(stops => stops.Select(stop => new string(stop)).ToArray()).ToArbitrary();

    private static readonly Arbitrary<string[]> Pieces = Letters.ListOf().Select(pieces => pieces.ToArray()).ToArbitrary();

    [Fact]
    public void Append_AnyPieces_ShowsTheTextBeforeTheFirstStop() => Prop.ForAll(Stops, Pieces, (stops, pieces) =>
    {
        var sut = new StopStrings(stops);
        var shown = new StringBuilder();
        foreach (string piece in pieces)
            shown.Append(sut.Append(piece));
        shown.Append(sut.Flush());

        (string text, string? stop) = Expected(string.Concat(pieces), stops);
        return shown.ToString() == text && sut.Found == stop;
    }).Check(Many);

    [Fact]
    public void Append_AnyPieces_HoldsBackOnlyWhatMayBecomeAStop() => Prop.ForAll(Stops, Pieces, (stops, pieces) =>
    {
        var sut = new StopStrings(stops);
        var given = new StringBuilder();
        var shown = new StringBuilder();
        foreach (string piece in pieces)
        {
            given.Append(piece);
            shown.Append(sut.Append(piece));
            if (sut.Found is not null)
                return true;
            string held = given.ToString()[shown.Length..];
            if (held.Length > 0 && !stops.Any(stop => stop.StartsWith(held, StringComparison.Ordinal)))
                return false;
        }

        return true;
    }).Check(Many);

    [Fact]
    public void Append_StopAcrossPieces_LeaksNoPartOfIt()
    {
        var sut = new StopStrings(["\n\nUser:"]);

        Assert.Equal("Fine.", sut.Append("Fine.\n").ToString());
        Assert.Equal("", sut.Append("\nUse").ToString());
        Assert.Equal("", sut.Append("r: and more").ToString());
        Assert.Equal("\n\nUser:", sut.Found);
        Assert.Equal("", sut.Append("more").ToString());
        Assert.Equal("", sut.Flush().ToString());
    }

    [Fact]
    public void Append_WhatBecomesNoStop_IsShown()
    {
        var sut = new StopStrings(["STOP"]);

        Assert.Equal("a ", sut.Append("a ST").ToString());
        Assert.Equal("STAR ", sut.Append("AR S").ToString());
        Assert.Equal("S", sut.Flush().ToString());
        Assert.Null(sut.Found);
    }

    [Fact]
    public void Append_TwoStopsThatEndAtOnePlace_CutsAtTheLonger()
    {
        var sut = new StopStrings(["b", "ab"]);

        Assert.Equal("x", sut.Append("xab").ToString());
        Assert.Equal("ab", sut.Found);
    }

    [Fact]
    public void Create_EmptyStop_IsRefused() => Assert.Throws<ArgumentException>(() => new StopStrings([""]));

    [Fact(Timeout = Bound)]
    public async Task Append_LongStopThatNearlyMatchesEverywhere_Finishes()
    {
        string stop = new string('a', 100_000) + "b";
        var sut = new StopStrings([stop, stop[..50_000] + "c"]);

        long shown = await Task.Run(
            () =>
            {
                long length = 0;
                for (int i = 0; i < 1_000_000; i++)
                    length += sut.Append("a").Length;
                return length + sut.Flush().Length;
            },
            TestContext.Current.CancellationToken);

        Assert.Equal(1_000_000, shown);
    }

    private static (string Text, string? Stop) Expected(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string? stop = stops.Where(one => text.AsSpan(0, end).EndsWith(one)).MaxBy(one => one.Length);
            if (stop is not null)
                return (text[..(end - stop.Length)], stop);
        }

        return (text, null);
    }
}
