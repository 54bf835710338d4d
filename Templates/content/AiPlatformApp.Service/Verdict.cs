using System.Text.Json.Serialization;

namespace NAME-SPACE.Service;

/// <summary>The body of <c>POST /reviews</c>.</summary>
public sealed record ReviewRequest(string? Text);

/// <summary>What the model says of a review.</summary>
public sealed record Verdict(Sentiment Sentiment, bool Recommends);

[JsonConverter(typeof(JsonStringEnumConverter<Sentiment>))]
public enum Sentiment
{
    Negative,
    Neutral,
    Positive,
}
