namespace AiPlatform.Gateway.Answers;

/// <summary>The mood of a text.</summary>
internal enum Sentiment
{
    Positive,
    Negative,
    Neutral,
}
