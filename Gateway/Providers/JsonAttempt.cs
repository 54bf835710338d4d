namespace AiPlatform.Gateway.Providers;

/// <summary>One attempt at an answer that comes whole: it is read to its end and checked before anybody sees it.</summary>
internal sealed class JsonAttempt(IProviderTransport transport)
{
    /// <exception cref="ProviderUnreachableException">There was no answer.</exception>
    public async ValueTask<AttemptEnd<JsonAnswer>> RunAsync(
        ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var provider = model.Provider.Name;
        using var response = await transport.SendAsync(model, endpoint, body, cancellationToken);
        if (response.Status is < 200 or > 299) return await RefusalReader.ReadAsync(model, response, cancellationToken);
        if (!response.IsJson) return AttemptFailure.BadAnswer(provider, "content_type", $"its content type is '{response.ContentType ?? ""}', not JSON");

        ReadOnlyMemory<byte>? answer;
        try
        {
            answer = await AnswerBody.ReadAsync(response.Content, model.Options.MaxAnswerBytes, cancellationToken);
        }
        catch (IOException)
        {
            return AttemptFailure.BadAnswer(provider, "truncated", "it ended early");
        }

        if (answer is not { } bytes) return AttemptFailure.TooLarge(provider, model.Options.MaxAnswerBytes);
        if (!AnswerJson.TryRead(bytes.Span, out var facts)) return AttemptFailure.BadAnswer(provider, "malformed", "it is not valid JSON");
        return facts.HasError ? RefusalReader.OfEvent(model.Provider, bytes) : new JsonAnswer(bytes, facts.Usage ?? default);
    }
}
