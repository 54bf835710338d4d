using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>Holds answers to what they must fit, in bounded work that ends with the call's deadline or its client.</summary>
internal sealed class AnswerChecks(SchemaWork work, TimeProvider time)
{
    /// <summary>What is wrong with an answer; null when it fits, or may be anything.</summary>
    /// <param name="call">What was asked, and until when.</param>
    /// <param name="choices">What was answered. All of them share one budget.</param>
    /// <param name="cancellationToken">The client's.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async ValueTask<Misfit?> FindMisfitAsync(
        ProviderCall call, IReadOnlyList<ChoiceContent> choices, CancellationToken cancellationToken)
    {
        if (call.Check is not { } check) return null;

        using var deadline = new CancellationTokenSource(call.Deadline.Left, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await work.RunAsync(budget => Misfit.Of(choices, check, budget), either.Token);
        }
        catch (StepsSpentException spent)
        {
            return Misfit.TakesTooMuch(spent.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Misfit.TakesTooLong(call.Deadline.Limit);
        }
    }
}
