using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>Checks answers, in bounded work that ends at the call's deadline or when its client disconnects.</summary>
internal sealed class AnswerChecks(SchemaWork work, TimeProvider time)
{
    /// <summary>Finds what is wrong with an answer; null when it fits, or need not be checked.</summary>
    /// <param name="call">The call with its check and its deadline.</param>
    /// <param name="choices">The choices of the answer, which share one budget.</param>
    /// <param name="cancellationToken">The client's token.</param>
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
