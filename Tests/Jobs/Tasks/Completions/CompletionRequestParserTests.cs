using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Embeddings;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Completions;

public sealed class CompletionRequestParserTests
{
    [Fact]
    public void Parse_EveryField_IsRead()
    {
        var (call, content) = Right("""
            {"model":"m","prompt":["a","b"],"stream":true,"stream_options":{"include_usage":true},"n":3,"best_of":3,"max_tokens":5,
             "temperature":0.5,"top_p":0.25,"top_k":40,"min_p":0.125,"presence_penalty":-2,"frequency_penalty":2,"repetition_penalty":1.5,
             "seed":7,"stop":["x","y"],"logit_bias":{"5":-100},"logprobs":5,"ignore_eos":true,"echo":false,"suffix":"",
             "response_format":{"type":"text"},"user":"somebody"}
            """);

        Assert.Equal(("m", true, true, 5), (call.Model, call.Streams, call.IncludesUsage, call.MaxNewTokens));
        Assert.Equal((2, 3, 6), (call.Prompts, call.ChoicesPerPrompt, call.Choices));
        Assert.Equal((0.5, 0.25, 40, 0.125), (call.Temperature, call.TopP, call.TopK, call.MinP));
        Assert.Equal((-2, 2, 1.5), (call.PresencePenalty, call.FrequencyPenalty, call.RepetitionPenalty));
        Assert.Equal((7, true, true, 5), (call.Seed, call.IgnoresEnd, call.Likelihoods, call.TopLikelihoods));
        Assert.Equal(["x", "y"], call.Stop);
        Assert.Equal(["a", "b"], content.Texts);
    }

    [Fact]
    public void Parse_NullsAndMissingFields_HaveOpenAIsDefaults()
    {
        var (call, content) = Right("""
            {"model":"m","prompt":"a","stream":null,"n":null,"max_tokens":null,"logprobs":null,"echo":null,"suffix":null,"best_of":null}
            """);

        Assert.Equal((false, 1, 16, 1), (call.Streams, call.Choices, call.MaxNewTokens, call.Temperature));
        Assert.Equal((false, 0), (call.Likelihoods, call.TopLikelihoods));
        Assert.Equal(["a"], content.Texts);
    }

    [Fact]
    public void Parse_TokenIds_AreOnePromptOrSeveral()
    {
        var (one, single) = Right("""{"model":"m","prompt":[1,2,3]}""");
        var (two, several) = Right("""{"model":"m","prompt":[[1,2],[3]],"logprobs":0}""");

        Assert.Equal((1, "prompt"), (one.Prompts, one.NameOf(0)));
        Assert.Equal([[1, 2, 3]], single.TokenArrays);
        Assert.Equal((2, "prompt[1]"), (two.Prompts, two.NameOf(1)));
        Assert.Equal([[1, 2], [3]], several.TokenArrays);
        Assert.Equal((true, 0), (two.Likelihoods, two.TopLikelihoods));
    }

    [Theory]
    [InlineData("", "model")]
    [InlineData("\"model\":\"\",\"prompt\":\"a\"", "model")]
    [InlineData("\"model\":\"m\"", "prompt")]
    [InlineData("\"model\":\"m\",\"prompt\":null", "prompt")]
    [InlineData("\"model\":\"m\",\"prompt\":\"\"", "prompt")]
    [InlineData("\"model\":\"m\",\"prompt\":[]", "prompt")]
    [InlineData("\"model\":\"m\",\"prompt\":{}", "prompt")]
    [InlineData("\"model\":\"m\",\"prompt\":[\"a\",1]", "prompt[1]")]
    [InlineData("\"model\":\"m\",\"prompt\":[1,\"a\"]", "prompt[1]")]
    [InlineData("\"model\":\"m\",\"prompt\":[-1]", "prompt[0]")]
    [InlineData("\"model\":\"m\",\"prompt\":[[1],[]]", "prompt[1]")]
    [InlineData("\"model\":\"m\",\"prompt\":[[1.5]]", "prompt[0][0]")]
    [InlineData("\"model\":\"m\",\"prompt\":[\"\\ud800\"]", "prompt[0]")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"prompt\":\"a\"", "prompt")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"n\":129", "n")]
    [InlineData("\"model\":\"m\",\"prompt\":[\"a\",\"b\"],\"n\":65", "n")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"best_of\":2", "best_of")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"best_of\":0", "best_of")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"echo\":true", "echo")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"echo\":1", "echo")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"suffix\":\"b\"", "suffix")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"suffix\":1", "suffix")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"logprobs\":true", "logprobs")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"logprobs\":6", "logprobs")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":0", "max_tokens")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"temperature\":2.5", "temperature")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"stream_options\":{}", "stream_options")]
    [InlineData("\"model\":\"m\",\"prompt\":\"a\",\"response_format\":{\"type\":\"xml\"}", "response_format.type")]
    public void Parse_WrongFields_AreNamed(string fields, string param) => Assert.Equal(param, ErrorOf($"{{{fields}}}")!.Param);

    [Fact]
    public void Parse_StopOfManyCharacters_IsCountedByCharacters()
    {
        string Body(int count) => $$"""{"model":"m","prompt":"a","stop":"{{string.Concat(Enumerable.Repeat("😀", count))}}"}""";

        Assert.Null(ErrorOf(Body(1_024)));
        Assert.Equal("stop", ErrorOf(Body(1_025))!.Param);
    }

    [Fact]
    public void Parse_TooManyPrompts_IsRefused()
    {
        string Body(int count) => $$"""{"model":"m","prompt":[{{string.Join(',', Enumerable.Repeat("\"a\"", count))}}]}""";

        Assert.Null(ErrorOf(Body(128)));
        Assert.Equal("prompt", ErrorOf(Body(129))!.Param);
    }

    [Fact]
    public void Check_MoreTokensThanTheContext_IsRefusedByTheFieldsName()
    {
        var model = new ModelDescriptor { Name = "m", Task = "text-generation", MaxTokens = 100, Created = 0, OwnedBy = "tests" };

        Assert.Null(Right("""{"model":"m","prompt":"a","max_tokens":99}""").Call.Check(model));
        Assert.Equal("max_tokens", Right("""{"model":"m","prompt":"a","max_tokens":100}""").Call.Check(model)!.Param);
    }

    private static InferenceError? ErrorOf(string body) => CompletionRequestParser.Parse(Encoding.UTF8.GetBytes(body)).Error;

    private static (CompletionCall Call, EmbeddingContent Content) Right(string body)
    {
        var content = new EmbeddingContent();
        var (call, error) = CompletionRequestParser.Parse(Encoding.UTF8.GetBytes(body), content);
        Assert.Null(error);
        return (call!, content);
    }
}
