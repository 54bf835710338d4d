using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Gateway.Admission;

/// <summary>Decides whether the workers can hold a model to what a request asks of its answers.</summary>
internal sealed class GrammarAdmission(CompiledSchemas schemas)
{
    /// <summary>An error that names the field, the keyword and its place; null when they can.</summary>
    /// <param name="call">A valid request.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<InferenceError?> CheckAsync(
        GenerationCall call, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (call.Grammar is not { } grammar) return null;
        if (call is not ChatCall { Tools: { Count: > 0 } tools } chat)
            return (await schemas.CheckAsync(grammar, ResponseFormat.FieldOf(grammar.Kind), cancellationToken))?.Error;

        var refusal = await schemas.CheckAsync(grammar, "tools", cancellationToken);
        if (refusal is null or { IsTooMuch: true }) return refusal?.Error;

        // Which of its parts is wrong is found out by compiling them one by one. Together they take no more work than the whole did.
        if (chat.TextFormat is { } format && await schemas.CheckAsync(format, ResponseFormat.SchemaField, cancellationToken) is { } misfit)
            return misfit.Error;
        foreach (var tool in tools)
        {
            var schema = new AnswerGrammar(AnswerGrammarKind.JsonSchema, ToolCallForm.SchemaOf(tool, body.Span));
            var wrong = await schemas.CheckAsync(schema, $"tools[{tool.Index}].function.parameters", cancellationToken);
            if (wrong is not null) return wrong.Error;
        }

        return refusal.Error;
    }
}
