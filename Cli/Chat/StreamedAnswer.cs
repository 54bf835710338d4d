using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace AiPlatform.Cli.Chat;

/// <summary>How an answer ended.</summary>
/// <param name="Text">The answer's text, which may be incomplete.</param>
/// <param name="Problem">Why the answer is incomplete; null when it is complete, or was stopped by Ctrl-C.</param>
/// <param name="Summary">The number of tokens, and how fast they came.</param>
internal sealed record AnswerEnd(string Text, string? Problem, string Summary);

/// <summary>Requests an answer and prints it while it streams.</summary>
internal sealed class StreamedAnswer(GatewayApi gateway, ChatArguments arguments)
{
    private readonly OpenAIClientOptions _options = new()
    {
        Endpoint = new Uri(gateway.Address, "v1"),
        // The Gateway retries by itself, and people want to see an error at once.
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

            if (!hasEnd) problem ??= "The stream ended before the answer was complete.";
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            isStopped = true;
        }
        catch (ClientResultException refused) when (refused.GetRawResponse() is { } response)
        {
            problem = gateway.ProblemOf(response.Content.ToString(), response.Status);
        }
        catch (Exception lost) when (lost is ClientResultException or HttpRequestException or IOException or OperationCanceledException
            or AggregateException or JsonException)
        {
            problem = text.Length == 0 ? gateway.ProblemOf(lost) : "The connection to the Gateway was lost before the answer was complete.";
        }

        // Without a usage the pieces of the answer are counted. Most pieces are one token.
        return new AnswerEnd(text.ToString(), problem, Summary(tokens > 0 ? tokens : pieces, start, isStopped));
    }

    private static string Summary(int tokens, long start, bool isStopped)
    {
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var rate = seconds > 0 ? tokens / seconds : 0;
        return string.Create(
            CultureInfo.InvariantCulture, $"{tokens} tokens in {seconds:0.0} s, {rate:0.0} tokens/s{(isStopped ? ", stopped" : "")}");
    }

    /// <summary>The message of an error event in a stream, which the SDK does not report.</summary>
    private string? ErrorOf(StreamingChatCompletionUpdate update)
    {
#pragma warning disable SCME0001 // The SDK's access to unknown members of an answer is experimental.
        if (!update.Patch.TryGetJson("$.error"u8, out var error)) return null;
#pragma warning restore SCME0001
        return gateway.ProblemOf($"{{\"error\":{Encoding.UTF8.GetString(error.Span)}}}", 0);
    }
}
