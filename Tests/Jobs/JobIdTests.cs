using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Jobs;

public sealed class JobIdTests
{
    private static readonly QueueName Queue = QueueName.ForModel("all-minilm-l6-v2");
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void TryParse_WhatNewWrote_IsTheSame()
    {
        var id = JobId.New(Queue, Now);

        Assert.True(JobId.TryParse(id.ToString(), out var parsed));
        Assert.Equal(id, parsed);
        Assert.Matches("^job_[0-9a-hjkmnp-tv-z]{26}[.]all-minilm-l6-v2$", id.ToString());
    }

    [Fact]
    public void New_LaterMillisecond_SortsLater()
    {
        var ids = Enumerable.Range(0, 1_000).Select(i => JobId.New(Queue, Now.AddMilliseconds(i)).ToString()).ToList();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("job_")]
    [InlineData("job_0123456789abcdefghjkmnpqrs")]
    [InlineData("job_0123456789abcdefghjkmnpqrs.")]
    [InlineData("job_0123456789abcdefghjkmnpqrs.UPPER")]
    [InlineData("job_0123456789ABCDEFGHJKMNPQRS.a")]
    [InlineData("job_0123456789abcdefghjkmnpqrl.a")]
    [InlineData("job_0123456789abcdefghjkmnpqrst.a")]
    [InlineData("job_0123456789abcdefghjkmnpqrs.a}b")]
    [InlineData("JOB_0123456789abcdefghjkmnpqrs.a")]
    [InlineData("job_0123456789abcdefghjkmnpqrs.a\n")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(JobId.TryParse(text, out _));
}
