using Microsoft.Extensions.AI;
using ChatCompletionOptions = OpenAI.Chat.ChatCompletionOptions;

namespace AiPlatform.Client.Chat;

/// <summary>
/// Sends the schema of a response format with all its keywords. Microsoft.Extensions.AI moves those that OpenAI's strict mode did not take,
/// such as <c>maxLength</c> and <c>pattern</c>, into the description, where they bound nothing. The Gateway holds answers to all of them.
/// </summary>
internal sealed class WholeSchemaClient(IChatClient inner) : DelegatingChatClient(inner)
{
    private const string DefaultName = "json_schema";

    /// <summary>The option by which Microsoft.Extensions.AI asks for OpenAI's strict mode.</summary>
    private const string Strict = "strict";

    /// <summary>What Microsoft.Extensions.AI does beside moving keywords: an answer has all properties, and no others.</summary>
    private static readonly AIJsonSchemaTransformCache Closed = new(new AIJsonSchemaTransformOptions
    {
        ConvertBooleanSchemas = true,
        DisallowAdditionalProperties = true,
        RequireAllProperties = true,
    });

    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetResponseAsync(messages, WithWholeSchema(options), cancellationToken);

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetStreamingResponseAsync(messages, WithWholeSchema(options), cancellationToken);

    private static ChatOptions? WithWholeSchema(ChatOptions? options)
    {
        if (options?.ResponseFormat is not ChatResponseFormatJson { Schema: not null } format) return options;
        var changed = options.Clone();
        changed.RawRepresentationFactory = client =>
        {
            // What the caller has set there goes before.
            var request = options.RawRepresentationFactory?.Invoke(client) as ChatCompletionOptions ?? new ChatCompletionOptions();
            request.ResponseFormat ??= OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat(
                format.SchemaName ?? DefaultName,
                BinaryData.FromString(Closed.GetOrCreateTransformedSchema(format)!.Value.GetRawText()),
                format.SchemaDescription,
                options.AdditionalProperties?.TryGetValue(Strict, out bool isStrict) == true ? isStrict : null);
            return request;
        };
        return changed;
    }
}
