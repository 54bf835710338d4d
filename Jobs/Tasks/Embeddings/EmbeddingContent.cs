namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>
/// The inputs of an embedding request, as the worker needs them: texts, or token ids without special tokens. One of the two lists has a row
/// for each input, the other is empty.
/// </summary>
public sealed class EmbeddingContent
{
    private readonly List<string> _texts = [];
    private readonly List<int[]> _tokens = [];
    private readonly List<int> _open = [];

    /// <summary>Texts that are not empty and are valid Unicode.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>Lists that are not empty, of ids that are not negative. The ids are not checked against a vocabulary.</summary>
    public IReadOnlyList<int[]> TokenArrays => _tokens;

    internal void Clear()
    {
        _texts.Clear();
        _tokens.Clear();
        _open.Clear();
    }

    internal void AddText(string text) => _texts.Add(text);

    internal void AddToken(int token) => _open.Add(token);

    /// <summary>Ends an input: the tokens that were added since the last call belong to it.</summary>
    internal void EndTokens()
    {
        _tokens.Add([.. _open]);
        _open.Clear();
    }
}
