using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>One attempt at a whole answer, which is read to its end and checked before it is passed on.</summary>
internal sealed class WholeAttempt(IProviderTransport transport)
{
    /// <param name="model">The model to call.</param>
    /// <param name="request">The caller's request.</param>
    /// <param name="body">The body to send.</param>
    /// <param name="limit">Ends the attempt.</param>
    /// <exception cref="ProviderUnreachableException">There was no answer.</exception>
    public async ValueTask<AttemptEnd<JsonAnswer>> RunAsync(
        ProviderModel model, ProviderRequest request, ReadOnlyMemory<byte> body, AttemptLimit limit)
    {
        var provider = model.Provider.Name;
        using var response = await transport.SendAsync(model, request.Endpoint, body, limit.Token);
        limit.Progress = AttemptProgress.Answering;
        if (response.Status is < 200 or > 299) return await RefusalReader.ReadAsync(model, response, limit.Token);
        if (!response.IsJson) return AttemptFailure.BadContentType(model.Provider, response.ContentType, "JSON");

        ReadOnlyMemory<byte>? answer;
        try
        {
            answer = await AnswerBody.ReadAsync(response.Content, model.Options.MaxAnswerBytes, limit.Token);
        }
        catch (IOException broken)
        {
            return AttemptFailure.Truncated(provider, "it ended early", broken);
        }

        return answer is { } bytes ? Read(model, request, bytes) : AttemptFailure.TooLarge(provider, model.Options.MaxAnswerBytes);
    }

    // :: Step P7: check. An invalid answer is a failed attempt.
    private static AttemptEnd<JsonAnswer> Read(ProviderModel model, ProviderRequest request, ReadOnlyMemory<byte> answer)
    {
        var provider = model.Provider.Name;
        var vectors = request.Endpoint == EmbeddingTask.Endpoint ? new EmbeddingsCheck(request.Inputs, request.VectorFormat) : null;
        if (!AnswerReader.TryRead(answer.Span, out var facts, out var problem, vectors))
            return AttemptFailure.BadAnswer(provider, "malformed", $"it {problem}");
        if (!JsonUnicode.IsValid(answer.Span))
            return AttemptFailure.BadAnswer(provider, "malformed", "it has text that is not valid Unicode");
        if (facts.HasError) return RefusalReader.OfAnswer(model.Provider, answer);
        if (vectors?.Misfit is { } misfit) return AttemptFailure.BadAnswer(provider, "embeddings", misfit);
        if (vectors is null && facts.Choices == 0) return AttemptFailure.BadAnswer(provider, "empty", "it has no choice");
        if (vectors is null && facts.HasUnreadableChoice)
            return AttemptFailure.BadAnswer(provider, "malformed", "it has a choice that cannot be read");
        if (vectors is null && facts.HasChoiceWithoutMessage)
            return AttemptFailure.BadAnswer(provider, "malformed", "it has a choice without a message");

        return new JsonAnswer(vectors?.InForm(answer) ?? answer, facts.Usage ?? default);
    }
}

/// <summary>A provider's whole answer, which is valid JSON and unchanged.</summary>
/// <param name="Body">The bytes.</param>
/// <param name="Usage">Tokens, as far as the answer reports them.</param>
internal sealed record JsonAnswer(ReadOnlyMemory<byte> Body, TokenUsage Usage);
