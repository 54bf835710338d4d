using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace AiPlatform.Client.Chat;

/// <summary>Passes the options of a job on to <see cref="JobTransport"/>, which the SDK between them does not know.</summary>
internal sealed class DurableChatClient(IChatClient inner) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        JobTransport.Terms.Value = TermsOf(options);
        return await base.GetResponseAsync(messages, Without(options), cancellationToken).ConfigureAwait(false);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var updates = base.GetStreamingResponseAsync(messages, Without(options), cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (updates.ConfigureAwait(false))
        {
            while (true)
            {
                // What an async iterator sets is gone at its next turn, so it is set for each.
                JobTransport.Terms.Value = TermsOf(options);
                if (!await updates.MoveNextAsync().ConfigureAwait(false)) yield break;
                yield return updates.Current;
            }
        }
    }

    private static JobTerms TermsOf(ChatOptions? options) =>
        new(TextOf(options, DurableChatOptions.JobKey), TextOf(options, DurableChatOptions.Lane));

    private static string? TextOf(ChatOptions? options, string name) =>
        options?.AdditionalProperties is { } all && all.TryGetValue(name, out var value) ? value as string : null;

    /// <summary>The options for the model. What is meant for the job is not sent along.</summary>
    private static ChatOptions? Without(ChatOptions? options)
    {
        if (options?.AdditionalProperties is not { } all) return options;
        if (!all.ContainsKey(DurableChatOptions.JobKey) && !all.ContainsKey(DurableChatOptions.Lane)) return options;
        var rest = options.Clone();
        rest.AdditionalProperties!.Remove(DurableChatOptions.JobKey);
        rest.AdditionalProperties.Remove(DurableChatOptions.Lane);
        return rest;
    }
}
