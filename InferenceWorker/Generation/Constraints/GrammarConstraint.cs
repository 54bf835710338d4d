using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.InferenceWorker.Generation.Constraints;

/// <summary>
/// Lets a row write only texts of a grammar. Masks that are not known yet are computed on a pool thread, beside the model's run. If none
/// was free, the engine's thread computes them.
/// </summary>
internal sealed class GrammarConstraint : ITokenConstraint, IThreadPoolWorkItem
{
    /// <summary>Held while the matcher is used.</summary>
    private readonly Lock _gate = new();

    private readonly TokenMatcher _matcher;
    private readonly ulong[]? _withoutEnd;
    private readonly IReadOnlyList<int> _endTokens;
    private string? _problem;

    /// <param name="masks">The grammar's masks for the model's tokens.</param>
    /// <param name="ignoresEnd">Whether the text goes on where it could end, if anything can follow.</param>
    /// <param name="tokens">The text so far.</param>
    /// <exception cref="TokenConstraintException">The grammar does not allow the text so far.</exception>
    public GrammarConstraint(TokenMasks masks, bool ignoresEnd = false, ReadOnlySpan<int> tokens = default)
    {
        _matcher = masks.Start();
        _endTokens = masks.Vocabulary.EndTokens;
        if (ignoresEnd) _withoutEnd = new ulong[(masks.Vocabulary.Count + 63) / 64];
        foreach (var token in tokens) Accept(token);
        IsComplete = _matcher.IsComplete;
    }

    public bool IsComplete { get; private set; }

    public ReadOnlySpan<ulong> Mask
    {
        get
        {
            lock (_gate)
            {
                Compute();
                if (_problem is not null) throw new TokenConstraintException(_problem);
                return _withoutEnd is null ? _matcher.Mask : WithoutEnd(_matcher.Mask);
            }
        }
    }

    public ReadOnlySpan<int> Forced
    {
        get
        {
            lock (_gate)
            {
                try
                {
                    return _matcher.ForcedTokens();
                }
                catch (GrammarException refused)
                {
                    throw new TokenConstraintException(refused.Message);
                }
            }
        }
    }

    public void Accept(int token)
    {
        lock (_gate)
        {
            try
            {
                if (!_matcher.TryAccept(token))
                    throw new TokenConstraintException("Another version of the worker has begun this text; this one does not allow it.");
                IsComplete = _matcher.IsComplete;
            }
            catch (GrammarException refused)
            {
                throw new TokenConstraintException(refused.Message);
            }
        }
    }

    public void Prepare()
    {
        if (!_matcher.IsMaskKnown) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Computes the mask on a pool thread. If the engine's thread was faster there is nothing to do.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            lock (_gate) Compute();
        }
#pragma warning disable CA1031 // Nobody waits for this thread: what fails here would end the process with all its jobs
        catch (Exception)
        {
            // The engine's thread computes the mask, and ends the row if that fails, too.
        }
#pragma warning restore CA1031
    }

    private void Compute()
    {
        if (_problem is not null) return;
        try
        {
            _ = _matcher.Mask;
        }
        catch (GrammarException refused)
        {
            _problem = refused.Message;
        }
    }

    private ReadOnlySpan<ulong> WithoutEnd(ReadOnlySpan<ulong> mask)
    {
        mask.CopyTo(_withoutEnd);
        foreach (var token in _endTokens) _withoutEnd![token / 64] &= ~(1UL << (token % 64));
        return _withoutEnd;
    }
}
