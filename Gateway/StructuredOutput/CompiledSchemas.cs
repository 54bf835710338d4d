using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Memory;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// Compiles schemas of requests and caches the recent outcomes, including refusals, because most callers send the same schemas again.
/// </summary>
internal sealed class CompiledSchemas(SchemaWork work, TimeProvider time) : IDisposable
{
    private const long MaxKeptBytes = 32 * 1024 * 1024;

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
        var key = (Convert.ToBase64String(SHA256.HashData(schema.Span)), assertFormats);
        if (_kept.TryGetValue(key, out Outcome? kept)) return (kept!.Compiled, kept.Error);

        using var patience = new CancellationTokenSource(LongestWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        Outcome outcome;
        try
        {
            outcome = await work.RunAsync(budget => Compile(schema, assertFormats, budget), either.Token);
        }
        catch (StepsSpentException spent)
        {
            var tooMuch = InferenceError.Invalid(
                AnswerSchema.Param, $"The schema could not be compiled: {spent.Message}. Make it simpler.");
            outcome = new Outcome(null, tooMuch, 0);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, TookTooLong());
        }

        _kept.Set(key, outcome, new MemoryCacheEntryOptions { Size = BytesOfEntry + (BytesOfStep * outcome.Steps) });
        return (outcome.Compiled, outcome.Error);
    }

    public void Dispose() => _kept.Dispose();

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

    private sealed record Outcome(AnswerSchema? Compiled, InferenceError? Error, long Steps);
}
