using AiPlatform.Gateway.Providers.Routing;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>What was tried for a call, in order, and what it used.</summary>
internal sealed class AttemptLog
{
    private List<FailedAttempt>? _failed;

    /// <summary>Attempts that reached out to a provider, the successful one included.</summary>
    public int Made { get; private set; }

    public IReadOnlyList<FailedAttempt> Failed => _failed ?? [];

    /// <summary>Tokens of the answers that came whole, those that were sent back included.</summary>
    public TokenUsage Used { get; private set; }

    /// <summary>Whether an attempt has begun and not ended: a provider may be at work.</summary>
    public bool IsUnderWay { get; private set; }

    public void Begin()
    {
        Made++;
        IsUnderWay = true;
    }

    /// <summary>An answer came whole.</summary>
    public void Answered(TokenUsage usage)
    {
        Used += usage;
        IsUnderWay = false;
    }

    /// <summary>
    /// Also where nothing was sent, because the circuit breaker is open or the provider is busy: then <see cref="Begin"/> was not called.
    /// </summary>
    public void Failure(ProviderModel model, AttemptFailure failure)
    {
        (_failed ??= []).Add(new FailedAttempt(model.Name, failure.Reason));
        IsUnderWay = false;
    }

    /// <summary>For a header: <c>gpt=status_503*2, backup=timeout</c>; names are escaped.</summary>
    public override string ToString()
    {
        var runs = new List<(FailedAttempt Attempt, int Times)>();
        foreach (var attempt in Failed)
        {
            if (runs.Count > 0 && runs[^1].Attempt == attempt) runs[^1] = (attempt, runs[^1].Times + 1);
            else runs.Add((attempt, 1));
        }

        return string.Join(", ", runs.Select(run =>
            $"{Uri.EscapeDataString(run.Attempt.Model)}={run.Attempt.Reason}{(run.Times > 1 ? $"*{run.Times}" : "")}"));
    }
}

/// <summary>An attempt that did not give the answer.</summary>
/// <param name="Model">Which model was asked.</param>
/// <param name="Reason">One word.</param>
internal readonly record struct FailedAttempt(string Model, string Reason);
