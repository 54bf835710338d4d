using AiPlatform.Gateway.Providers.Routing;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>The attempts of a call, in order, and their usage.</summary>
internal sealed class AttemptLog
{
    private List<FailedAttempt>? _failed;

    /// <summary>Attempts that were sent to a provider, including the successful one.</summary>
    public int Made { get; private set; }

    public IReadOnlyList<FailedAttempt> Failed => _failed ?? [];

    /// <summary>Tokens of the complete answers, including those that were sent back to the model.</summary>
    public TokenUsage Used { get; private set; }

    /// <summary>Whether an attempt is in flight, so that a provider may be working on it.</summary>
    public bool IsUnderWay { get; private set; }

    public void Begin()
    {
        Made++;
        IsUnderWay = true;
    }

    /// <summary>Records a complete answer.</summary>
    public void Answered(TokenUsage usage)
    {
        Used += usage;
        IsUnderWay = false;
    }

    /// <summary>
    /// Records a failed attempt. If nothing was sent, because the circuit breaker is open or the provider is busy, <see cref="Begin"/> was
    /// not called.
    /// </summary>
    public void Failure(ProviderModel model, AttemptFailure failure)
    {
        (_failed ??= []).Add(new FailedAttempt(model.Name, failure.Reason));
        IsUnderWay = false;
    }

    /// <summary>The failures in the form of a header: <c>gpt=status_503*2, backup=timeout</c>; names are escaped.</summary>
    public override string ToString()
    {
        var runs = new List<(FailedAttempt Attempt, int Times)>();
        foreach (var attempt in Failed)
        {
            if (runs.Count > 0 && runs[^1].Attempt == attempt) runs[^1] = (attempt, runs[^1].Times + 1);
            else runs.Add((attempt, 1));
        }

        return string.Join(", ", runs.Select(run =>
            $"{run.Attempt}{(run.Times > 1 ? $"*{run.Times}" : "")}"));
    }
}

/// <summary>A failed attempt.</summary>
/// <param name="Model">The model that was called.</param>
/// <param name="Reason">One word.</param>
internal readonly record struct FailedAttempt(string Model, string Reason)
{
    /// <summary>The attempt in the form of a header: <c>gpt=status_503</c>. The name is escaped.</summary>
    public override string ToString() => $"{Uri.EscapeDataString(Model)}={Reason}";
}
