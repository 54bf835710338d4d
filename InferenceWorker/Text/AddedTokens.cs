using System.Buffers;

namespace AiPlatform.InferenceWorker.Text;

/// <summary>
/// The added tokens of a tokenizer. It finds the leftmost and, among these, the longest token in a text that is not normalized.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Dictionary<int, AddedToken> _byId;
    private readonly PieceTable _contents;
    private readonly SearchValues<char> _firstUnits;

    public AddedTokens(IReadOnlyCollection<AddedToken> tokens)
    {
        _byId = tokens.ToDictionary(token => token.Id);
        _contents = new PieceTable([.. tokens.Select(token => KeyValuePair.Create(token.Content, token.Id))]);
        _firstUnits = SearchValues.Create([.. tokens.Select(token => token.Content[0])]);
    }

    /// <summary>
    /// Finds the next token at or after <paramref name="searchFrom"/>, and sets <paramref name="searchFrom"/> to the end of the token.
    /// </summary>
    /// <param name="text">The whole text.</param>
    /// <param name="textStart">The end of the text that earlier tokens took.</param>
    /// <param name="searchFrom">Where to begin the search; after the call, where to continue.</param>
    /// <param name="parseSpecialTokens">Whether special tokens count.</param>
    /// <param name="found">The token's id and the range that it takes of the text, including white space.</param>
    public bool TryFind(
        ReadOnlySpan<char> text, int textStart, ref int searchFrom, bool parseSpecialTokens, out (int Id, int Start, int End) found)
    {
        while (true)
        {
            int offset = text[searchFrom..].IndexOfAny(_firstUnits);
            if (offset < 0)
            {
                found = default;
                return false;
            }

            int start = searchFrom + offset;
            int length = _contents.LongestAtStart(text[start..], out int id);
            searchFrom = start + Math.Max(1, length);
            if (length == 0)
                continue;

            AddedToken token = _byId[id];
            if (token.IsSpecial && !parseSpecialTokens)
                continue;
            found = (id, token.TakesSpaceBefore ? SpaceBefore(text, textStart, start) : start, searchFrom);
            if (token.TakesSpaceAfter)
                found.End = SpaceAfter(text, Math.Max(searchFrom, textStart));
            return true;
        }
    }

    private static int SpaceBefore(ReadOnlySpan<char> text, int textStart, int start)
    {
        while (start > textStart && char.IsWhiteSpace(text[start - 1]))
            start--;
        return start;
    }

    private static int SpaceAfter(ReadOnlySpan<char> text, int end)
    {
        while (end < text.Length && char.IsWhiteSpace(text[end]))
            end++;
        return end;
    }
}

/// <summary>A token that is found in the text before anything else, such as <c>[SEP]</c>.</summary>
/// <param name="Id">Its token id.</param>
/// <param name="Content">Its text, which is not empty.</param>
/// <param name="IsSpecial">Whether it is a special token, which is ordinary text unless special tokens are parsed.</param>
/// <param name="TakesSpaceBefore"><c>lstrip</c>: white space before it belongs to it.</param>
/// <param name="TakesSpaceAfter"><c>rstrip</c>: white space after it belongs to it.</param>
internal sealed record AddedToken(int Id, string Content, bool IsSpecial, bool TakesSpaceBefore, bool TakesSpaceAfter);
