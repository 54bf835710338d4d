namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>The fields of a <c>BertNormalizer</c>, with <c>strip_accents</c> resolved (absent, it follows <c>lowercase</c>).</summary>
internal sealed record BertNormalization
{
    /// <summary><c>clean_text</c>: drop control characters, and replace every white space by a blank.</summary>
    public required bool CleansText { get; init; }

    /// <summary><c>handle_chinese_chars</c>: put blanks around ideographs.</summary>
    public required bool IsolatesIdeographs { get; init; }

    /// <summary><c>strip_accents</c>: decompose canonically and drop the marks.</summary>
    public required bool StripsAccents { get; init; }

    public required bool Lowercases { get; init; }
}
