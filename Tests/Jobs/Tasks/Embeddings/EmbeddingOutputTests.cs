using AiPlatform.Jobs.Tasks.Embeddings;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Embeddings;

public sealed class EmbeddingOutputTests
{
    [Fact]
    public void Parse_WhatCreateMade_GivesTheSame()
    {
        var content = EmbeddingOutput.Create(2, 3, 17, EmbeddingFormat.Base64);
        new[] { 1f, 2f, 3f }.CopyTo(EmbeddingOutput.MutableRow(content, 0));
        new[] { -1f, 0.5f, float.Epsilon }.CopyTo(EmbeddingOutput.MutableRow(content, 1));

        var output = EmbeddingOutput.Parse(content);

        Assert.Equal((2, 3, 17, EmbeddingFormat.Base64), (output.Rows, output.Dimensions, output.PromptTokens, output.Format));
        Assert.Equal([-1f, 0.5f, float.Epsilon], output.Row(1).ToArray());
        Assert.Equal(Convert.FromHexString("0000803f0000004000004040"), output.RowBytes(0).ToArray());
    }

    [Fact]
    public void Parse_CutOrForeignBytes_IsRefused()
    {
        var content = EmbeddingOutput.Create(2, 3, 17, EmbeddingFormat.Float);
        var foreign = content.ToArray();
        foreign[0] = 9;
        var negative = content.ToArray();
        negative[11] = 0x80;

        for (var length = 0; length < content.Length; length++)
            Assert.Throws<FormatException>(() => EmbeddingOutput.Parse(content.AsMemory(0, length)));
        Assert.Throws<FormatException>(() => EmbeddingOutput.Parse(foreign));
        Assert.Throws<FormatException>(() => EmbeddingOutput.Parse(negative));
    }
}
