using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// Removes the Markdown fence from a text that is exactly one fenced block (<c>```json … ```</c>, as many models write JSON), while the
/// text arrives in pieces. A text that does not begin with a fence is passed on unchanged. Characters that may become part of a fence are
/// held back, at most <see cref="MaxHeld"/>.
/// </summary>
/// <remarks>
/// It works on the text inside JSON strings with its escapes, so the text need not be decoded and encoded again.
/// </remarks>
internal sealed class JsonFence
{
    /// <summary>Most white space before a fence, or around the closing one. After more white space no fence is recognized.</summary>
    public const int MaxHeld = 1024;

    private const int Ticks = 3;

    private static ReadOnlySpan<byte> Language => "json"u8;

    private readonly ArrayBufferWriter<byte> _held = new(16);
    private State _state = State.Before;
    private int _heldUnits;
    private int _matched;
    private bool _isBehindClosing;

    private enum State
    {
        /// <summary>There was only white space so far, or a part of the opening fence.</summary>
        Before,

        /// <summary>After the opening fence, where its language may follow.</summary>
        Language,

        /// <summary>After the language.</summary>
        Opened,

        /// <summary>Inside the block.</summary>
        Inside,

        /// <summary>There is no fence.</summary>
        Plain,
    }

    /// <summary>Whether all further text is passed on unchanged, and nothing is held back.</summary>
    public bool IsPlain => _state == State.Plain;

    /// <summary>The text without its fence; the text itself when it is not a fenced block.</summary>
    public static string Strip(string text)
    {
        if (!text.AsSpan().TrimStart(" \t\r\n").StartsWith("```", StringComparison.Ordinal)) return text;

        var (fence, bare) = (new JsonFence(), new ArrayBufferWriter<byte>(text.Length));
        bare.Write("\""u8);
        fence.Read(JsonSerializer.SerializeToUtf8Bytes(text).AsSpan()[1..^1], bare);
        fence.End(bare);
        bare.Write("\""u8);
        return JsonSerializer.Deserialize<string>(bare.WrittenSpan)!;
    }

    /// <param name="text">The next piece, as the inside of a JSON string.</param>
    /// <param name="bare">Gets the text that is not held back.</param>
    public void Read(ReadOnlySpan<byte> text, IBufferWriter<byte> bare)
    {
        while (!text.IsEmpty)
        {
            if (_state == State.Plain)
            {
                bare.Write(text);
                return;
            }

            var (unit, length) = UnitOf(text);
            if (Take(unit, text[..length], bare)) text = text[length..];
        }
    }

    /// <summary>Ends the text: the held text is either the closing fence or is passed on.</summary>
    public void End(IBufferWriter<byte> bare)
    {
        if (_state != State.Inside || _matched < Ticks) Release(bare);
        Forget();
        _state = State.Plain;
    }

    /// <returns>Whether the unit was consumed; if not, it is read again.</returns>
    private bool Take(char unit, ReadOnlySpan<byte> bytes, IBufferWriter<byte> bare) => _state switch
    {
        State.Before => TakeBefore(unit, bytes, bare),
        State.Language => TakeLanguage(unit, bytes, bare),
        State.Opened => IsSpace(unit) || !Enter(State.Inside),
        _ => TakeInside(unit, bytes, bare),
    };

    private bool TakeBefore(char unit, ReadOnlySpan<byte> bytes, IBufferWriter<byte> bare)
    {
        var fits = unit == '`' || (_matched == 0 && IsSpace(unit) && _heldUnits < MaxHeld);
        if (!fits)
        {
            Release(bare);
            return !Enter(State.Plain);
        }

        Hold(bytes);
        if (unit == '`' && ++_matched == Ticks)
        {
            Forget();
            Enter(State.Language);
        }

        return true;
    }

    private bool TakeLanguage(char unit, ReadOnlySpan<byte> bytes, IBufferWriter<byte> bare)
    {
        if (unit < 128 && char.ToLowerInvariant(unit) == Language[_matched])
        {
            Hold(bytes);
            if (++_matched < Language.Length) return true;
            Forget();
            return Enter(State.Opened);
        }

        if (_matched == 0 && (unit is ' ' or '\t')) return true;

        // There is no language, or these are the first letters of the block itself.
        var next = _matched == 0 ? State.Opened : State.Inside;
        Release(bare);
        return !Enter(next);
    }

    private bool TakeInside(char unit, ReadOnlySpan<byte> bytes, IBufferWriter<byte> bare)
    {
        if (unit == '`')
        {
            if (_isBehindClosing || _matched == Ticks) Release(bare);
            _matched++;
            Hold(bytes);
        }
        else if (IsSpace(unit))
        {
            if (_matched is > 0 and < Ticks || _heldUnits >= MaxHeld) Release(bare);
            _isBehindClosing = _matched == Ticks;
            Hold(bytes);
        }
        else
        {
            Release(bare);
            bare.Write(bytes);
        }

        return true;
    }

    private bool Enter(State state)
    {
        _state = state;
        _matched = 0;
        return true;
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        _held.Write(bytes);
        _heldUnits++;
    }

    private void Release(IBufferWriter<byte> bare)
    {
        bare.Write(_held.WrittenSpan);
        Forget();
    }

    private void Forget()
    {
        _held.ResetWrittenCount();
        (_heldUnits, _matched, _isBehindClosing) = (0, 0, false);
    }

    private static bool IsSpace(char unit) => unit is ' ' or '\n' or '\r' or '\t';

    /// <summary>The first character, if it can be part of a fence, and its length with its escape.</summary>
    private static (char Unit, int Length) UnitOf(ReadOnlySpan<byte> text)
    {
        if (text[0] != '\\' || text.Length == 1) return ((char)text[0], 1);
        return text[1] switch
        {
            (byte)'n' => ('\n', 2),
            (byte)'r' => ('\r', 2),
            (byte)'t' => ('\t', 2),
            (byte)'u' when text.Length >= 6 => (Utf8Parser.TryParse(text[2..6], out ushort unit, out _, 'x') ? (char)unit : '\0', 6),
            _ => ('\0', 2),
        };
    }
}
