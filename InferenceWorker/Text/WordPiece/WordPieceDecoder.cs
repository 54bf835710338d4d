using System.Text;

namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>
/// Makes text of tokens, as Hugging Face <c>tokenizers</c> does: words are set apart by blanks, and pieces that continue one are not.
/// </summary>
/// <param name="Prefix">What pieces that continue a word begin with, such as <c>##</c>; null for a file without a decoder.</param>
/// <param name="CleansUp">Whether the blank before punctuation and English contractions is left out.</param>
internal sealed record WordPieceDecoder(string? Prefix, bool CleansUp)
{
    /// <summary>What becomes of a token with its blank; each token is looked at alone.</summary>
    private static readonly (string From, string To)[] Cleaned =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <summary>Adds a token to the text before it.</summary>
    public void Append(string token, StringBuilder text)
    {
        string added = token;
        if (text.Length > 0)
        {
            added = Prefix is { Length: > 0 } && token.StartsWith(Prefix, StringComparison.Ordinal)
                ? token[Prefix.Length..] : $" {token}";
        }

        if (CleansUp)
        {
            foreach ((string from, string to) in Cleaned)
                added = added.Replace(from, to, StringComparison.Ordinal);
        }

        text.Append(added);
    }
}
