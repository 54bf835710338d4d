using System.Numerics;
using System.Text;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;

namespace AiPlatform.Tests.Grammars;

/// <summary>Writes texts that a grammar allows, by choosing allowed tokens at random.</summary>
internal static class Walks
{
    private const int MaxTokens = 20_000;

    /// <summary>A random text, byte by byte. It looks for the end when it has become long.</summary>
    public static string Text(Grammar grammar, Random random, int longEnough = 60)
    {
        var matcher = new TokenMasks(grammar, Vocabularies.Bytes).Start();
        List<byte> text = [];
        for (var i = 0; i < MaxTokens; i++)
        {
            var token = Choose(matcher, random, i > longEnough);
            if (token == Vocabularies.End) return Encoding.UTF8.GetString([.. text]);
            if (!matcher.TryAccept(token)) throw new InvalidOperationException($"The mask allows what the matcher refuses, after {Shown(text)}");
            text.Add((byte)token);
        }

        throw new InvalidOperationException($"The text has no end: {Shown(text)[..200]}");
    }

    /// <summary>The tokens that a mask allows.</summary>
    public static List<int> Allowed(ReadOnlySpan<ulong> mask)
    {
        List<int> allowed = [];
        for (var word = 0; word < mask.Length; word++)
            for (var bits = mask[word]; bits != 0; bits &= bits - 1) allowed.Add((word * 64) + BitOperations.TrailingZeroCount(bits));
        return allowed;
    }

    private static int Choose(TokenMatcher matcher, Random random, bool wantsEnd)
    {
        var allowed = Allowed(matcher.Mask);
        if (allowed.Count == 0) throw new InvalidOperationException("Nothing can follow, and the text cannot end.");
        var choice = random.Next(4);
        if (wantsEnd && choice < 2)
        {
            foreach (var ending in (int[])[Vocabularies.End, '"', '}', ']', 'n'])
                if (allowed.Contains(ending)) return ending;
        }

        // A pattern may want some letters before its end.
        if (wantsEnd && choice == 2 && allowed.Where(token => token is >= 'a' and <= 'c').ToList() is { Count: > 0 } letters)
            return letters[random.Next(letters.Count)];
        if (wantsEnd) return allowed[random.Next(allowed.Count)];

        // Letters and signs of structure are likelier, so that not all strings are long.
        var likely = allowed.Where(IsLikely).ToList();
        return likely.Count > 0 && choice > 0 ? likely[random.Next(likely.Count)] : allowed[random.Next(allowed.Count)];
    }

    private static bool IsLikely(int token) =>
        token is '"' or '}' or ']' or ',' or Vocabularies.End or (>= 'a' and <= 'e') or (>= '0' and <= '9');

    private static string Shown(List<byte> text) => Encoding.UTF8.GetString([.. text]);
}
