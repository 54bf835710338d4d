namespace AiPlatform.Chaos.Promises;

/// <summary>A job that a client was promised: its submit answered 202, or its synchronous call 200.</summary>
/// <param name="Request">Its request.</param>
/// <param name="Id">Its public id.</param>
/// <param name="AcceptedAt">When the answer arrived.</param>
internal sealed record AcceptedJob(GoodRequest Request, string Id, DateTimeOffset AcceptedAt)
{
    /// <summary>When a Gateway said that there is no such job; null when none did.</summary>
    public DateTimeOffset? MissingAt { get; set; }

    /// <summary>Whether a Gateway has returned its correct output.</summary>
    public bool IsAnswered { get; set; }
}
