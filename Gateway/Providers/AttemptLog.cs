namespace AiPlatform.Gateway.Providers;

/// <summary>What was tried for a call, in order.</summary>
internal sealed class AttemptLog
{
    private List<FailedAttempt>? _failed;

    /// <summary>Attempts that reached out to a provider, the successful one included.</summary>
    public int Made { get; private set; }

    public IReadOnlyList<FailedAttempt> Failed => _failed ?? [];

    public void Begin() => Made++;

    /// <summary>Also where nothing was sent, because the provider is left alone or busy: then <see cref="Begin"/> was not called.</summary>
    public void Failure(ProviderModel model, AttemptFailure failure) => (_failed ??= []).Add(new FailedAttempt(model.Name, failure.Reason));

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
