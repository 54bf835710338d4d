namespace AiPlatform.InferenceWorker.Text.Streaming;

/// <summary>
/// Ends a stream's text before the first stop string, even if it spans several pieces. Text that may still become a stop string is held
/// back until it cannot. The work for each character is bounded, whatever the strings are. It is not thread-safe.
/// </summary>
internal sealed class StopStrings
{
    private readonly Matcher[] _matchers;
    private string _heldIn = ""; // what is held back is how this stop string begins, so that it need not be kept
    private int _held;
    private char[] _shown = new char[256];

    /// <param name="stops">The stop strings, none of them empty; the list may be empty.</param>
    public StopStrings(IEnumerable<string> stops)
    {
        // The longest is first: of two stop strings that end at the same place, the one that begins earlier decides.
        _matchers = [.. stops.OrderByDescending(stop => stop.Length).Select(stop => new Matcher(stop))];
    }

    /// <summary>The stop string that was found, or null; after it no text may be added.</summary>
    public string? Found { get; private set; }

    /// <summary>Adds a piece of text.</summary>
    /// <returns>The text that may be shown now, valid until the next call. If a stop string was found, it is the rest of the text before
    /// it.</returns>
    public ReadOnlySpan<char> Append(ReadOnlySpan<char> piece)
    {
        if (Found is not null)
            return default;

        for (int i = 0; i < piece.Length; i++)
        {
            foreach (Matcher matcher in _matchers)
            {
                if (!matcher.Add(piece[i]))
                    continue;
                Found = matcher.Stop;
                return Show(piece, _held + i + 1 - matcher.Stop.Length, heldNow: 0, heldInNow: "");
            }
        }

        int held = 0;
        string heldIn = "";
        foreach (Matcher matcher in _matchers)
        {
            if (matcher.Length > held)
                (held, heldIn) = (matcher.Length, matcher.Stop);
        }

        return Show(piece, _held + piece.Length - held, held, heldIn);
    }

    /// <summary>Ends the text.</summary>
    /// <returns>The text that was held back.</returns>
    public ReadOnlySpan<char> Flush()
    {
        ReadOnlySpan<char> held = _heldIn.AsSpan(0, _held);
        _held = 0;
        return held;
    }

    /// <summary>The first code units of the held text and the piece.</summary>
    private ReadOnlySpan<char> Show(ReadOnlySpan<char> piece, int length, int heldNow, string heldInNow)
    {
        ReadOnlySpan<char> held = _heldIn.AsSpan(0, _held);
        (_held, _heldIn) = (heldNow, heldInNow);
        if (held.IsEmpty)
            return piece[..length];
        if (length <= held.Length)
            return held[..length];

        if (length > _shown.Length)
            _shown = new char[Math.Max(_shown.Length * 2, length)];
        held.CopyTo(_shown);
        piece[..(length - held.Length)].CopyTo(_shown.AsSpan(held.Length));
        return _shown.AsSpan(0, length);
    }

    /// <summary>Follows one string through the text (Knuth, Morris and Pratt).</summary>
    private sealed class Matcher
    {
        private readonly int[] _fallbacks;

        public Matcher(string stop)
        {
            ArgumentException.ThrowIfNullOrEmpty(stop);
            Stop = stop;
            _fallbacks = new int[stop.Length];
            for (int i = 1, length = 0; i < stop.Length; i++)
            {
                while (length > 0 && stop[i] != stop[length])
                    length = _fallbacks[length - 1];
                if (stop[i] == stop[length])
                    length++;
                _fallbacks[i] = length;
            }
        }

        public string Stop { get; }

        /// <summary>How many characters at the end of the text match the start of the string.</summary>
        public int Length { get; private set; }

        /// <returns>Whether the string is complete.</returns>
        public bool Add(char next)
        {
            int length = Length;
            while (length > 0 && next != Stop[length])
                length = _fallbacks[length - 1];
            if (next == Stop[length])
                length++;
            Length = length;
            return length == Stop.Length;
        }
    }
}
