using System.ClientModel;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>The official OpenAI SDK and Microsoft.Extensions.AI, unchanged, with the shipped language model.</summary>
public sealed class ChatSdkTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private const string Question = "Why is the sky blue?";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenAI_Streaming_GivesTheTextItsEndAndItsUsage()
    {
        var sut = Client();
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24 };

        ChatCompletion whole = await sut.CompleteChatAsync([new UserChatMessage(Question)], options, Ct);
        var text = new StringBuilder();
        OpenAI.Chat.ChatFinishReason? finish = null;
        ChatTokenUsage? usage = null;
        await foreach (var update in sut.CompleteChatStreamingAsync([new UserChatMessage(Question)], options, Ct))
        {
            foreach (var part in update.ContentUpdate) text.Append(part.Text);
            finish ??= update.FinishReason;
            usage ??= update.Usage;
        }

        Assert.Equal(whole.Content[0].Text, text.ToString());
        Assert.Equal(whole.FinishReason, finish);
        Assert.Equal(whole.Usage.OutputTokenCount, usage!.OutputTokenCount);
    }

    [Fact]
    public async Task OpenAI_LogprobsAndStop_AreUnderstood()
    {
        var sut = Client();
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 12,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 3,
            StopSequences = { "zzzz" },
        };

        ChatCompletion answer = await sut.CompleteChatAsync([new UserChatMessage(Question)], options, Ct);

        Assert.Equal(12, answer.ContentTokenLogProbabilities.Count);
        Assert.Equal(answer.Content[0].Text, string.Concat(answer.ContentTokenLogProbabilities.Select(token => token.Token)));
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal(3, token.TopLogProbabilities.Count);
            Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability);
        });
        Assert.Equal(OpenAI.Chat.ChatFinishReason.Length, answer.FinishReason);
    }

    [Fact]
    public async Task OpenAI_WrongRequest_IsAnErrorWithTheMessage()
    {
        var sut = Client();
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 100_000 };

        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => sut.CompleteChatAsync([new UserChatMessage(Question)], options, Ct));

        Assert.Equal(400, error.Status);
        Assert.Contains("context_length_exceeded", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExtensionsAI_WholeAndStreaming_GiveTheSame()
    {
        using var sut = Client().AsIChatClient();
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = 24 };
        List<Microsoft.Extensions.AI.ChatMessage> messages = [new(ChatRole.System, "Answer briefly."), new(ChatRole.User, Question)];

        var whole = await sut.GetResponseAsync(messages, options, Ct);
        List<ChatResponseUpdate> updates = [];
        await foreach (var update in sut.GetStreamingResponseAsync(messages, options, Ct)) updates.Add(update);
        var streamed = updates.ToChatResponse();

        Assert.NotEmpty(whole.Text);
        Assert.Equal(whole.Text, streamed.Text);
        Assert.Equal((Model, Model), (whole.ModelId, streamed.ModelId));
        Assert.Equal(whole.FinishReason, streamed.FinishReason);
        Assert.Equal(whole.Usage!.OutputTokenCount, streamed.Usage!.OutputTokenCount);
        Assert.Equal(whole.Usage.InputTokenCount, streamed.Usage.InputTokenCount);
    }

    /// <summary>A chat with a second question: the first turns are cached, so the second answer begins sooner.</summary>
    [Fact]
    public async Task ExtensionsAI_SecondTurn_FindsTheFirstOneKnown()
    {
        using var sut = Client().AsIChatClient();
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = 16 };
        List<Microsoft.Extensions.AI.ChatMessage> messages = [new(ChatRole.User, "Name three colours that a flag may have.")];

        var first = await sut.GetResponseAsync(messages, options, Ct);
        messages.AddRange(first.Messages);
        messages.Add(new(ChatRole.User, "Which one is the brightest?"));
        var second = await sut.GetResponseAsync(messages, options, Ct);

        Assert.InRange(second.Usage!.CachedInputTokenCount ?? 0, first.Usage!.InputTokenCount!.Value - 8, long.MaxValue);
    }

    private ChatClient Client() => new OpenAIClient(
        new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(platform.Platform.Gateway.Address, "/v1") })
        .GetChatClient(Model);
}
