using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Jobs;

public sealed class InferenceErrorTests
{
    [Fact]
    public void FromJson_WhatToJsonWrote_IsTheSame()
    {
        foreach (var kind in Enum.GetValues<InferenceErrorKind>())
        {
            var error = new InferenceError { Kind = kind, Message = "1 of \"2\"\n", Param = "input[3]" };

            Assert.Equal(error, InferenceError.FromJson(error.ToJson()));
        }
    }

    [Fact]
    public void Code_EveryKind_IsItsOwn()
    {
        var codes = Enum.GetValues<InferenceErrorKind>().Select(kind => new InferenceError { Kind = kind, Message = "" }.Code).ToList();

        Assert.Equal(codes.Count, codes.Distinct().Count());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"kind\":\"FromTheFuture\",\"message\":\"?\"}")]
    public void FromJson_AnotherVersionsForm_SaysSo(string json) =>
        Assert.Equal(InferenceErrorKind.Internal, InferenceError.FromJson(json).Kind);
}
