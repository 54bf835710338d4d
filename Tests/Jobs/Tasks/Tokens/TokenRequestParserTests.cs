using System.Text;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Tokens;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Tokens;

public sealed class TokenRequestParserTests
{
    [Fact]
    public void Tokenize_TextOrChat_IsRead()
    {
        var text = Tokenize("""{"model":"m","prompt":"","add_special_tokens":false,"return_token_strs":true,"messages":null,"tools":[]}""").Call!;
        var chat = Tokenize("""
            {"model":"m","messages":[{"role":"user","content":"a"}],"add_generation_prompt":false,"continue_final_message":false}
            """).Call!;

        Assert.Equal((false, false, true, true), (text.HasMessages, text.AddsSpecialTokens, text.WantsNames, text.AddsGenerationPrompt));
        Assert.Equal((true, true, false, false), (chat.HasMessages, chat.AddsSpecialTokens, chat.WantsNames, chat.AddsGenerationPrompt));
        Assert.Null(chat.Check(ModelOf("text-generation")));
        Assert.Equal("messages", chat.Check(ModelOf("embedding"))!.Param);
        Assert.Null(text.Check(ModelOf("embedding")));
    }

    [Theory]
    [InlineData("""{"prompt":"a"}""", "model")]
    [InlineData("""{"model":"","prompt":"a"}""", "model")]
    [InlineData("""{"model":"m"}""", "prompt")]
    [InlineData("""{"model":"m","prompt":["a"]}""", "prompt")]
    [InlineData("""{"model":"m","prompt":"\ud800"}""", "prompt")]
    [InlineData("""{"model":"m","prompt":"a","prompt":"a"}""", "prompt")]
    [InlineData("""{"model":"m","prompt":"a","messages":[{"role":"user","content":"a"}]}""", "messages")]
    [InlineData("""{"model":"m","messages":[]}""", "messages")]
    [InlineData("""{"model":"m","messages":[{"role":"nobody","content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}],"add_special_tokens":true}""", "add_special_tokens")]
    [InlineData("""{"model":"m","prompt":"a","add_special_tokens":1}""", "add_special_tokens")]
    [InlineData("""{"model":"m","prompt":"a","add_generation_prompt":"x"}""", "add_generation_prompt")]
    [InlineData("""{"model":"m","prompt":"a","return_token_strs":[]}""", "return_token_strs")]
    [InlineData("""{"model":"m","inputs":"a"}""", "inputs")]
    [InlineData("""{"model":"m","prompt":"a","tools":[{}]}""", "tools")]
    [InlineData("""{"model":"m","prompt":"a","chat_template":"{{ 1 }}"}""", "chat_template")]
    [InlineData("""{"model":"m","prompt":"a","continue_final_message":true}""", "continue_final_message")]
    public void Tokenize_WrongField_IsNamed(string body, string param) => Assert.Equal(param, Tokenize(body).Error!.Param);

    [Theory]
    [InlineData("""{"tokens":[1]}""", "model")]
    [InlineData("""{"model":"m"}""", "tokens")]
    [InlineData("""{"model":"m","tokens":null}""", "tokens")]
    [InlineData("""{"model":"m","tokens":"1"}""", "tokens")]
    [InlineData("""{"model":"m","tokens":[1],"tokens":[1]}""", "tokens")]
    [InlineData("""{"model":"m","tokens":[1,-1]}""", "tokens[1]")]
    [InlineData("""{"model":"m","tokens":[1.5]}""", "tokens[0]")]
    [InlineData("""{"model":"m","tokens":[2147483648]}""", "tokens[0]")]
    [InlineData("""{"model":"m","tokens":[[1]]}""", "tokens[0]")]
    public void Detokenize_WrongField_IsNamed(string body, string param) => Assert.Equal(param, Detokenize(body).Error!.Param);

    [Fact]
    public void Detokenize_AsManyTokensAsOneMaySend_AreRead()
    {
        string Body(int count) => $$"""{"model":"m","tokens":[{{string.Join(',', Enumerable.Repeat("7", count))}}]}""";
        var tokens = new List<int>();

        var call = DetokenizeRequestParser.Parse(Encoding.UTF8.GetBytes(Body(300_000)), tokens).Call;

        Assert.Equal((300_000, 300_000), (call!.Tokens, tokens.Count));
        Assert.Equal("tokens", Detokenize(Body(300_001)).Error!.Param);
        Assert.Equal(0, Detokenize(Body(0)).Call!.Tokens);
    }

    private static (TokenizeCall? Call, AiPlatform.Jobs.InferenceError? Error) Tokenize(string body) =>
        TokenizeRequestParser.Parse(Encoding.UTF8.GetBytes(body));

    private static (DetokenizeCall? Call, AiPlatform.Jobs.InferenceError? Error) Detokenize(string body) =>
        DetokenizeRequestParser.Parse(Encoding.UTF8.GetBytes(body));

    private static ModelDescriptor ModelOf(string task) => new() { Name = "m", Task = task, MaxTokens = 100, Created = 0, OwnedBy = "tests" };
}
