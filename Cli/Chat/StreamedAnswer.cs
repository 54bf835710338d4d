using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace AiPlatform.Cli.Chat;

/// <summary>How an answer ended.</summary>
/// <param name="Text">What was said.</param>
/// <param name="Problem">Why it has no end; null when it has one, or was stopped.</param>
/// <param name="Summary">How much it was and how fast it came.</param>
internal sealed record AnswerEnd(string Text, string? Problem, string Summary);

/// <summary>Has one answer said as it comes.</summary>
internal sealed class StreamedAnswer(GatewayApi gateway, ChatArguments arguments)
{
    private readonly OpenAIClientOptions _options = new()
    {
        Endpoint = new Uri(gateway.Address, "/v1"),
        // The Gateway retries by itself, and who asks wants to see what is wrong.
        RetryPolicy = new ClientRetryPolicy(0),
        NetworkTimeout = TimeSpan.FromMinutes(15),
    };

    public async Task<AnswerEnd> SayAsync(string model, IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken)
    {
        var client = new OpenAIClient(new ApiKeyCredential(gateway.Key ?? "none"), _options).GetChatClient(model);
        var text = new StringBuilder();
        var start = TimeProvider.System.GetTimestamp();
        string? problem = null;
        var (tokens, pieces, hasEnd, isStopped) = (0, 0, false, false);
        try
        {
            var options = new ChatCompletionOptions { MaxOutputTokenCount = arguments.MaxTokens, Temperature = arguments.Temperature };
            await foreach (var update in client.CompleteChatStreamingAsync(messages, options, cancellationToken))
            {
                problem ??= ErrorOf(update);
                foreach (var part in update.ContentUpdate.Where(part => part.Text?.Length > 0))
                {
                    pieces++;
                    text.Append(part.Text);
                    Screen.Say(part.Text);
                }

                hasEnd |= update.FinishReason is not null;
                tokens = update.Usage?.OutputTokenCount ?? tokens;
            }

            if (!hasEnd) problem ??= "The answer broke off.";
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            isStopped = true;
        }
        catch (ClientResultException refused) when (refused.GetRawResponse() is { } response)
        {
            problem = GatewayApi.ProblemOf(response.Content.ToString(), response.Status);
        }
        catch (Exception lost) when (lost is ClientResultException or HttpRequestException or IOException or OperationCanceledException
            or AggregateException or JsonException)
        {
            problem = text.Length == 0 ? gateway.Silence : "The answer broke off: the connection to the Gateway was lost.";
        }

        // Of an answer without its usage the pieces are counted: mostly a token each.
        return new AnswerEnd(text.ToString(), problem, Summary(tokens > 0 ? tokens : pieces, start, isStopped));
    }

    private static string Summary(int tokens, long start, bool isStopped)
    {
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var rate = seconds > 0 ? tokens / seconds : 0;
        return string.Create(
            CultureInfo.InvariantCulture, $"{tokens} tokens in {seconds:0.0} s, {rate:0.0} tokens/s{(isStopped ? ", stopped" : "")}");
    }

    /// <summary>What an error event in the middle of a stream says, of which the SDK knows nothing.</summary>
    private static string? ErrorOf(StreamingChatCompletionUpdate update)
    {
#pragma warning disable SCME0001 // What the SDK does not know of an answer is read in a way that may still change.
        if (!update.Patch.TryGetJson("$.error"u8, out var error)) return null;
#pragma warning restore SCME0001
        return GatewayApi.ProblemOf($"{{\"error\":{Encoding.UTF8.GetString(error.Span)}}}", 0);
    }
}
