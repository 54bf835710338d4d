using AiPlatform.Benchmarks;
using AiPlatform.Benchmarks.Processes;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class LoadResultTests
{
    private const string Printed =
        """{"ok":10,"ops":10,"seconds":0.5,"per_s":20.00,"errors":0,"e_status":0,"cut":0,"p50_ms":1.5000,"p90_ms":2.0,"p99_ms":3.2500,"gen_cpu_s":0.125,"codes":{"200":20},"sample_error":""}""";

    [Fact]
    public void Parse_WhatTheLoadGeneratorPrints_GivesItsNumbers()
    {
        var result = LoadResult.Parse(Printed);

        Assert.Equal(
            (10, 20, 1.5, 3.25, 0.125),
            (result.Ok, result.PerSecond, result.P50Milliseconds, result.P99Milliseconds, result.GeneratorSeconds));
        Assert.Same(result, result.Complete());
    }

    [Theory]
    [InlineData("\"errors\":0", "\"errors\":1")]
    [InlineData("\"cut\":0", "\"cut\":1")]
    [InlineData("\"ok\":10", "\"ok\":0")]
    public void Complete_NotAllSucceeded_Throws(string right, string wrong)
    {
        var result = LoadResult.Parse(Printed.Replace(right, wrong, StringComparison.Ordinal));

        Assert.Throws<BenchmarkException>(result.Complete);
    }

    [Fact]
    public void WithoutErrors_SomeUnansweredWhenTheTimeWasOver_IsTheResult()
    {
        var result = LoadResult.Parse(Printed.Replace("\"cut\":0", "\"cut\":7", StringComparison.Ordinal));

        Assert.Same(result, result.WithoutErrors());
    }

    [Theory]
    [InlineData("\"per_s\":20.00,", "")]
    [InlineData("{", "")]
    public void Parse_NotWhatTheLoadGeneratorPrints_Throws(string right, string wrong) =>
        Assert.Throws<BenchmarkException>(() => LoadResult.Parse(Printed.Replace(right, wrong, StringComparison.Ordinal)));
}
