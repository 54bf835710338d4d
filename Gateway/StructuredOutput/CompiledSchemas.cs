using System.Security.Cryptography;
using System.Text;
using AiPlatform.Gateway.Errors;
using AiPlatform.Grammars;
using AiPlatform.Jobs.Tasks.Generation;
using Microsoft.Extensions.Caching.Memory;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// Compiles schemas and grammars of requests and caches the recent outcomes, including refusals, because most callers send the same ones
/// again.
/// </summary>
internal sealed class CompiledSchemas(SchemaWork work, TimeProvider time) : IDisposable
{
    private const long MaxKeptBytes = 32 * 1024 * 1024;

    /// <summary>A reason quotes names of the caller's, which may be long.</summary>
    private const int MaxReasonLength = 1_000;

    /// <summary>Bytes of an entry besides its schema, which limits how many entries there are.</summary>
    private const int BytesOfEntry = 2 * 1024;

    /// <summary>Most bytes of memory that a step of compiling can leave behind.</summary>
    private const int BytesOfStep = 2;

    /// <summary>Longest wait for a thread while others keep the threads busy.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MaxKeptBytes });

    /// <summary>Compiles a schema, or takes it from the cache. Exactly one of the two is set.</summary>
    /// <param name="schema">The schema's JSON text in UTF-8.</param>
    /// <param name="assertFormats">Whether <c>format</c> is checked.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<(AnswerSchema? Compiled, InferenceError? Error)> CompileAsync(
        ReadOnlyMemory<byte> schema, bool assertFormats, CancellationToken cancellationToken)
    {
        var outcome = await KeptAsync(
            (assertFormats ? "schema with formats" : "schema", HashOf(schema.Span)), AnswerSchema.Param,
            budget => Compile(schema, assertFormats, budget), cancellationToken);
        return (outcome.Compiled, outcome.Error);
    }

    /// <summary>Why no model of our workers can be held to a grammar; null when one can.</summary>
    /// <param name="grammar">The grammar. It is compiled as the workers compile it, and is not kept.</param>
    /// <param name="param">The request's field that has it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<GrammarRefusal?> CheckAsync(AnswerGrammar grammar, string param, CancellationToken cancellationToken)
    {
        var key = ($"{grammar.Kind} {param}", HashOf(Encoding.UTF8.GetBytes(grammar.Text)));
        var outcome = await KeptAsync(key, param, budget => Check(grammar, param, budget), cancellationToken);
        return outcome.Error is { } error ? new GrammarRefusal(error, outcome.IsTooMuch) : null;
    }

    public void Dispose() => _kept.Dispose();

    private async ValueTask<Outcome> KeptAsync(
        (string Kind, string Hash) key, string param, Func<StepBudget, Outcome> compile, CancellationToken cancellationToken)
    {
        if (_kept.TryGetValue(key, out Outcome? kept)) return kept!;

        using var patience = new CancellationTokenSource(LongestWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        Outcome outcome;
        try
        {
            outcome = await work.RunAsync(compile, either.Token);
        }
        catch (StepsSpentException spent)
        {
            var tooMuch = InferenceError.Invalid(param, $"The schema could not be compiled: {spent.Message}. Make it simpler.");
            outcome = new Outcome(null, tooMuch, 0, IsTooMuch: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Outcome(null, TookTooLong(), 0, IsTooMuch: true);
        }

        _kept.Set(key, outcome, new MemoryCacheEntryOptions { Size = BytesOfEntry + (BytesOfStep * outcome.Steps) });
        return outcome;
    }

    private static string HashOf(ReadOnlySpan<byte> text) => Convert.ToBase64String(SHA256.HashData(text));

    private static Outcome Check(AnswerGrammar grammar, string param, StepBudget budget)
    {
        var limits = GrammarLimits.Default with { MaxSteps = Math.Max(1, budget.Left) };
        try
        {
            _ = grammar.Kind switch
            {
                AnswerGrammarKind.JsonSchema => Grammar.OfJsonSchema(grammar.Text, limits, cancellationToken: budget.CancellationToken),
                AnswerGrammarKind.Regex => Grammar.OfRegex(grammar.Text, limits, budget.CancellationToken),
                _ => Grammar.OfRules(grammar.Text, limits, cancellationToken: budget.CancellationToken),
            };
            return new Outcome(null, null, 0);
        }
        catch (GrammarException spent) when (spent.IsOverBudget && !budget.IsWhole)
        {
            throw new StepsSpentException(spent.Message);
        }
        catch (GrammarException refused)
        {
            var isTooMuch = refused.IsOverBudget || grammar.Text.Length > GrammarLimits.Default.MaxSourceBytes;
            return new Outcome(null, InferenceError.Invalid(param, Refusals.Quoted(refused.Message, MaxReasonLength)), 0, isTooMuch);
        }
    }

    private static Outcome Compile(ReadOnlyMemory<byte> schema, bool assertFormats, StepBudget budget)
    {
        AnswerSchema.TryCompile(schema, assertFormats, budget, out var compiled, out var error);
        return new Outcome(compiled, error, compiled is null ? 0 : budget.Spent);
    }

    private static InferenceError TookTooLong() => new()
    {
        Kind = InferenceErrorKind.DeadlineExceeded,
        Message = $"The schema could not be compiled within {LongestWait.TotalSeconds:0} s: the Gateway is busy with others. Try "
        + $"again later.",
    };

    private sealed record Outcome(AnswerSchema? Compiled, InferenceError? Error, long Steps, bool IsTooMuch = false);
}

/// <summary>Why no model of our workers can be held to a grammar.</summary>
/// <param name="Error">The reason.</param>
/// <param name="IsTooMuch">Whether it takes too much work, so that looking for the part that is at fault would take more.</param>
internal sealed record GrammarRefusal(InferenceError Error, bool IsTooMuch);
