using AiPlatform.Gateway.Jobs;
using AiPlatform.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

public sealed class JobListQueryTests
{
    private const string Id = "job_01hzzzzzzzzzzzzzzzzzzzzzzz.m";

    [Fact]
    public void TryParse_Nothing_IsTheFirstTwenty()
    {
        Assert.True(JobListQuery.TryParse(Query(""), out var list, out _));

        Assert.Equal(new JobListQuery(Status: null, Model: null, Limit: 20, After: null), list);
    }

    [Fact]
    public void TryParse_Everything_IsRead()
    {
        Assert.True(JobListQuery.TryParse(Query($"?status=canceled&model=org%2Fm&limit=100&after={Id}&trace=1"), out var list, out _));

        Assert.Equal((JobStatus.Canceled, "org/m", 100, Id), (list.Status, list.Model, list.Limit, list.After.ToString()));
    }

    [Theory]
    [InlineData("status=", "status")]
    [InlineData("status=Queued", "status")]
    [InlineData("status=cancelled", "status")]
    [InlineData("status=1", "status")]
    [InlineData("status=queued&status=queued", "status")]
    [InlineData("model=", "model")]
    [InlineData("model=a&model=b", "model")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=1&limit=1", "limit")]
    [InlineData("after=", "after")]
    [InlineData("after=x", "after")]
    [InlineData("after=job_01hzzzzzzzzzzzzzzzzzzzzzzz", "after")]
    [InlineData("after=job_01hzzzzzzzzzzzzzzzzzzzzzzz.M", "after")]
    [InlineData("after=job_01hzzzzzzzzzzzzzzzzzzzzzzu.m", "after")]
    [InlineData("after=" + Id + "&after=" + Id, "after")]
    public void TryParse_Bad_NamesTheParameter(string query, string param)
    {
        Assert.False(JobListQuery.TryParse(Query($"?{query}"), out _, out var error));

        Assert.Equal((InferenceErrorKind.InvalidRequest, param), (error.Kind, error.Param));
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void TryParse_LongestModel_IsTaken(int length, bool taken) =>
        Assert.Equal(taken, JobListQuery.TryParse(Query($"?model={new string('m', length)}"), out _, out _));

    private static QueryCollection Query(string query) => new(QueryHelpers.ParseQuery(query));
}
