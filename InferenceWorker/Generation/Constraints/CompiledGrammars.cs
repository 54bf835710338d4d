using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.InferenceWorker.Generation.Constraints;

/// <summary>
/// The grammars of a model's requests, compiled, with their masks. The least recently used are dropped. Compiling runs on threads of the
/// pool, for a few requests at a time, so that hostile schemas leave most of them free.
/// </summary>
/// <param name="vocabulary">The model's tokens.</param>
/// <param name="maxBytes">Most memory of all together; the last one is kept in any case.</param>
/// <param name="flexibleWhitespace">Whether JSON may have whitespace between its parts.</param>
internal sealed class CompiledGrammars(Task<Vocabulary> vocabulary, long maxBytes, bool flexibleWhitespace = false)
{
    private const int MaxEntries = 1_000;

    /// <summary>About what an entry takes besides its grammar, in bytes.</summary>
    private const int BytesOfEntry = 512;

    private readonly TaskScheduler _compiling =
        new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, Math.Max(1, Environment.ProcessorCount / 2)).ConcurrentScheduler;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _known = new(StringComparer.Ordinal);

    /// <summary>The least recently used is the first.</summary>
    private readonly LinkedList<Entry> _byUse = [];

    public int Count
    {
        get
        {
            lock (_gate) return _known.Count;
        }
    }

    /// <summary>The masks of a grammar; or why it cannot be compiled, in a sentence for whoever sent it.</summary>
    public async Task<(TokenMasks? Masks, string? Problem)> GetAsync(AnswerGrammar grammar, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(MemoryMarshal.AsBytes(grammar.Text.AsSpan()));
        var key = $"{grammar.Kind}:{Convert.ToHexString(hash)}";
        if (Find(key) is { } found) return (found.Masks, found.Problem);

        var tokens = await vocabulary.WaitAsync(cancellationToken);
        // Another request may have had it compiled meanwhile.
        var entry = await Task.Factory.StartNew(
            () => Find(key) ?? Add(Compile(key, grammar, tokens, cancellationToken)), cancellationToken,
            TaskCreationOptions.DenyChildAttach, _compiling);
        return (entry.Masks, entry.Problem);
    }

    private Entry Compile(string key, AnswerGrammar grammar, Vocabulary tokens, CancellationToken cancellationToken)
    {
        try
        {
            var compiled = grammar.Kind switch
            {
                AnswerGrammarKind.Regex => Grammar.OfRegex(grammar.Text, cancellationToken: cancellationToken),
                AnswerGrammarKind.Rules => Grammar.OfRules(grammar.Text, null, flexibleWhitespace, cancellationToken),
                _ => Grammar.OfJsonSchema(grammar.Text, null, flexibleWhitespace, cancellationToken),
            };
            return new Entry(key, new TokenMasks(compiled, tokens), null);
        }
        catch (GrammarException refused)
        {
            return new Entry(key, null, refused.Message);
        }
    }

    private Entry? Find(string key)
    {
        lock (_gate)
        {
            if (!_known.TryGetValue(key, out var node)) return null;
            _byUse.Remove(node);
            _byUse.AddLast(node);
            return node.Value;
        }
    }

    /// <summary>Adds an entry. Drops the oldest ones if all, with what their masks have grown to, take too much memory.</summary>
    private Entry Add(Entry entry)
    {
        lock (_gate)
        {
            if (_known.TryGetValue(entry.Key, out var other)) return other.Value;
            _known[entry.Key] = _byUse.AddLast(entry);
            var bytes = _byUse.Sum(one => one.Bytes);
            while (_known.Count > 1 && (bytes > maxBytes || _known.Count > MaxEntries))
            {
                var oldest = _byUse.First!.Value;
                bytes -= oldest.Bytes;
                _byUse.RemoveFirst();
                _known.Remove(oldest.Key);
            }

            return entry;
        }
    }

    /// <summary>A grammar.</summary>
    /// <param name="Key">Its kind and the hash of its text.</param>
    /// <param name="Masks">Its masks; null if it cannot be compiled.</param>
    /// <param name="Problem">Why it cannot be compiled.</param>
    private sealed record Entry(string Key, TokenMasks? Masks, string? Problem)
    {
        /// <summary>Its memory now.</summary>
        public long Bytes => BytesOfEntry + (Masks?.Bytes ?? 2L * Problem!.Length);
    }
}
