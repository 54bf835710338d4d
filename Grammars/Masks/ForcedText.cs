using System.Buffers;
using System.Text;
using AiPlatform.Grammars.Matching;

namespace AiPlatform.Grammars.Masks;

/// <summary>
/// Makes tokens of the text that must follow in a state of a grammar. A token that begins in this text and ends behind it could be what the
/// model wants to write, so tokens are made only up to where the first such one begins.
/// </summary>
internal static class ForcedText
{
    private const int MaxBytes = 4096;

    /// <summary>The tokens; empty if the text does not begin with a whole character, or the tokenizer changes it.</summary>
    public static int[] TokensOf(Grammar grammar, Vocabulary vocabulary, Func<string, int[]> encode, GrammarState state)
    {
        var text = grammar.Forced(state, MaxBytes);
        if (WholeCharacters(text) is not (> 0 and var length)) return [];
        var tokens = encode(Encoding.UTF8.GetString(text, 0, length));
        var end = FirstThatMayGoOn(grammar, vocabulary.All, state, text);
        var (count, at) = (0, 0);
        foreach (var token in tokens)
        {
            var bytes = vocabulary.BytesOf(token);
            if (bytes.IsEmpty || !text.AsSpan(at, length - at).StartsWith(bytes)) return [];
            at += bytes.Length;
            if (at <= end) count++;
        }

        return tokens[..count];
    }

    /// <summary>The bytes of the text's whole characters; 0 if it begins within one.</summary>
    private static int WholeCharacters(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (Rune.DecodeFromUtf8(text[length..], out _, out var consumed) == OperationStatus.Done) length += consumed;
        return length;
    }

    /// <summary>Where the first token begins that could reach past the text; the text's length if there is none.</summary>
    private static int FirstThatMayGoOn(Grammar grammar, TokenTrie trie, GrammarState state, byte[] text)
    {
        var behind = grammar.Step(state, text)!;
        for (var start = Math.Max(0, text.Length - trie.Depth); start < text.Length; start++)
        {
            var node = -1;
            for (var at = start; at < text.Length && (at == start || node >= 0); at++) node = trie.Child(node, text[at]);
            if (node >= 0 && HasTokenBelow(grammar, trie, node, behind)) return start;
        }

        return text.Length;
    }

    /// <summary>Whether a token below a node continues as the grammar allows.</summary>
    private static bool HasTokenBelow(Grammar grammar, TokenTrie trie, int node, GrammarState state)
    {
        for (var below = node + 1; below < trie.EndOf(node); below = trie.EndOf(below))
        {
            if (grammar.StepNeedsLock(state, trie.ByteOf(below)) is not { } after) continue;
            if (trie.HasToken(below) || HasTokenBelow(grammar, trie, below, after)) return true;
        }

        return false;
    }
}
