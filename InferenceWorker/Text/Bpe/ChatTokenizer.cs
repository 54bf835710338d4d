using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>
/// A language model's tokenizer (byte-level BPE), with the results of Hugging Face <c>tokenizers</c> for the same <c>tokenizer.json</c>. It
/// is immutable and thread-safe.
/// </summary>
internal sealed class ChatTokenizer
{
    public const string FileName = "tokenizer.json";

    private const int IdsOnStack = 256;
    private const char Replacement = '\uFFFD';

    private readonly BpeParts _parts;
    private readonly AddedTokens _added;
    private readonly byte[] _bytes;
    private readonly int[] _ends;
    private readonly bool[] _isSpecial;
    private readonly FrozenDictionary<int, string> _namesOfAdded;

    public ChatTokenizer(BpeParts parts)
    {
        _parts = parts;
        _added = new AddedTokens(parts.Added);
        VocabularySize = parts.Vocabulary.Count;
        SpecialTokens = parts.Added.Where(token => token.IsSpecial).ToFrozenDictionary(token => token.Content, token => token.Id);

        _namesOfAdded = parts.Added.ToFrozenDictionary(token => token.Id, token => token.Content);
        _isSpecial = new bool[VocabularySize];
        foreach (int id in SpecialTokens.Values)
            _isSpecial[id] = true;

        var bytes = new byte[VocabularySize][];
        foreach ((string token, int id) in parts.Vocabulary)
            bytes[id] = ByteAlphabet.BytesOf(token);
        _ends = new int[VocabularySize + 1];
        for (int id = 0; id < bytes.Length; id++)
            _ends[id + 1] = _ends[id] + bytes[id].Length;
        _bytes = [.. bytes.SelectMany(one => one)];
    }

    /// <summary>Number of token ids, including added tokens. A model may have more logits; those beyond belong to no token.</summary>
    public int VocabularySize { get; }

    /// <summary>The special tokens, such as <c>&lt;|im_end|&gt;</c>, and their ids.</summary>
    public FrozenDictionary<string, int> SpecialTokens { get; }

    /// <summary>The ids that the file's post-processor puts before a text that is not a chat, such as a completion's prompt.</summary>
    public ReadOnlySpan<int> BeforeText => _parts.Template.Before;

    /// <summary>The ids that the file's post-processor puts after a text that is not a chat.</summary>
    public ReadOnlySpan<int> AfterText => _parts.Template.After;

    /// <summary>Loads <c>tokenizer.json</c> of a model's folder.</summary>
    /// <exception cref="TokenizerFormatException">The file is missing, broken, or has unknown parts.</exception>
    public static ChatTokenizer Load(string folder) =>
        TokenizerLoader.Read(Path.Combine(folder, FileName), file => new ChatTokenizer(BpeReader.Read(file)));

    /// <summary>Encodes a text of any length as content: names of special tokens are ordinary text.</summary>
    /// <param name="text">Any text. A lone surrogate counts as U+FFFD.</param>
    public int[] Encode(ReadOnlySpan<char> text) => Encode(text, [new Run(text.Length, IsContent: true)]);

    /// <summary>Encodes control text, in which special tokens are recognized.</summary>
    /// <param name="text">Any text. A lone surrogate counts as U+FFFD.</param>
    /// <param name="stopAbove">
    /// Encoding stops where the text has more tokens than this. The result then has more than that, but not all.
    /// </param>
    public int[] EncodeWithControl(ReadOnlySpan<char> text, int stopAbove = int.MaxValue) =>
        Encode(text, [new Run(text.Length, IsContent: false)], stopAbove);

    /// <summary>
    /// Encodes a prompt. Special tokens are recognized in control text only, and the text between two of them is encoded as one text. So
    /// the ids are those that the model was trained with, unless a message has the name of a special token.
    /// </summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="stopAbove">As for <see cref="EncodeWithControl"/>.</param>
    public int[] Encode(IReadOnlyList<PromptSegment> prompt, int stopAbove = int.MaxValue)
    {
        var text = new StringBuilder();
        var runs = new List<Run>();
        foreach (PromptSegment segment in prompt)
        {
            text.Append(segment.Text);
            if (runs.Count > 0 && runs[^1].IsContent == segment.IsContent)
                runs.RemoveAt(runs.Count - 1);
            runs.Add(new Run(text.Length, segment.IsContent));
        }

        return Encode(text.ToString(), [.. runs], stopAbove);
    }

    /// <summary>The exact bytes of a token; for a special token those of its name. Empty for an id beyond the vocabulary.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) =>
        (uint)id < (uint)VocabularySize ? _bytes.AsSpan(_ends[id].._ends[id + 1]) : default;

    /// <summary>A token as the vocabulary has it, such as <c>Ġthe</c>; an added token is its own name.</summary>
    public string NameOf(int id) => _namesOfAdded.TryGetValue(id, out string? name) ? name : ByteAlphabet.Write(TokenBytes(id));

    /// <summary>Whether the id is that of a special token.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)VocabularySize && _isSpecial[id];

    /// <summary>The text of some ids. Bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        using var bytes = new MemoryStream();
        foreach (int id in ids)
        {
            if (!skipSpecialTokens || !IsSpecial(id))
                bytes.Write(TokenBytes(id));
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private int[] Encode(ReadOnlySpan<char> text, ReadOnlySpan<Run> runs, int stopAbove = int.MaxValue)
    {
        text = WellFormed(text);
        var ids = new TokenIds(stackalloc int[IdsOnStack], stopAbove);
        try
        {
            int plainStart = 0;
            int runStart = 0;
            foreach (Run run in runs)
            {
                int searchFrom = runStart;
                while (!ids.IsFull && _added.TryFind(
                    text[..run.End], Math.Max(plainStart, runStart), ref searchFrom, !run.IsContent,
                    out (int Id, int Start, int End) token))
                {
                    AddPlain(text[plainStart..token.Start], ref ids);
                    if (!ids.IsFull)
                        ids.Add(token.Id);
                    plainStart = token.End;
                }

                runStart = run.End;
            }

            AddPlain(text[plainStart..], ref ids);
            return ids.ToArray();
        }
        finally
        {
            ids.Dispose();
        }
    }

    private void AddPlain(ReadOnlySpan<char> text, ref TokenIds ids)
    {
        if (text.IsEmpty || ids.IsFull)
            return;
        if (_parts.Normalizer is { } normalizer)
            text = normalizer.Normalize(text);
        AddPieces(text, CodePointClasses.Of(text), _parts.Splits, ref ids);
    }

    /// <summary>Splits a piece by the first pattern, and the results by the other patterns.</summary>
    private void AddPieces(ReadOnlySpan<char> text, ReadOnlySpan<char> classes, ReadOnlySpan<Regex> splits, ref TokenIds ids)
    {
        if (splits.IsEmpty)
        {
            _parts.Model.AddWord(text, ref ids);
            return;
        }

        int end = 0;
        int textEnd = 0;
        foreach (ValueMatch match in splits[0].EnumerateMatches(classes))
        {
            if (ids.IsFull)
                return;
            Take(text, classes, match.Index, ref ids, splits);
            Take(text, classes, match.Index + match.Length, ref ids, splits);
        }

        Take(text, classes, classes.Length, ref ids, splits);

        void Take(ReadOnlySpan<char> text, ReadOnlySpan<char> classes, int until, ref TokenIds ids, ReadOnlySpan<Regex> splits)
        {
            if (until == end)
                return;
            int start = textEnd;
            textEnd += text.Length == classes.Length ? until - end : CodePointClasses.UnitsOf(text[start..], until - end);
            AddPieces(text[start..textEnd], classes[end..until], splits[1..], ref ids);
            end = until;
        }
    }

    private static ReadOnlySpan<char> WellFormed(ReadOnlySpan<char> text)
    {
        int lone = IndexOfLoneSurrogate(text);
        if (lone < 0)
            return text;

        char[] mended = text.ToArray();
        while (lone >= 0)
        {
            mended[lone] = Replacement;
            int next = IndexOfLoneSurrogate(mended.AsSpan(lone));
            lone = next < 0 ? next : lone + next;
        }

        return mended;
    }

    private static int IndexOfLoneSurrogate(ReadOnlySpan<char> text)
    {
        int from = 0;
        while (true)
        {
            int found = text[from..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (found < 0)
                return -1;
            from += found;
            if (from + 1 >= text.Length || !char.IsSurrogatePair(text[from], text[from + 1]))
                return from;
            from += 2;
        }
    }

    /// <param name="End">The end of the run in the text.</param>
    /// <param name="IsContent">Whether it is content.</param>
    private readonly record struct Run(int End, bool IsContent);
}
