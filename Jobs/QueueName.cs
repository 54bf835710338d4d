using System.Globalization;
using System.Text;

namespace AiPlatform.Jobs;

/// <summary>
/// The URL-safe name of a model's queue: lower-case letters, digits and <c>-</c> stand for themselves, every other byte of
/// the model's UTF-8 name is written <c>_xx</c> (two hexadecimal digits). Before the name of a provider's model there is <c>__</c>. Two
/// models never share a queue, also a worker's and a provider's of the same name: a worker would run the provider's jobs.
/// </summary>
public readonly record struct QueueName
{
    /// <summary>Longest model name a queue is made for, in characters.</summary>
    public const int MaxModelLength = 128;

    /// <summary>A character has at most three bytes in UTF-8, each of which takes three characters.</summary>
    private const int MaxLength = 9 * MaxModelLength;

    private const string OfProvider = "__";

    private QueueName(string value) => Value = value;

    /// <summary>The escaped name; 1 to 1,154 characters of <c>[a-z0-9_-]</c>.</summary>
    public string Value { get; }

    /// <summary>
    /// The name by which operators know it, which is that of a worker's queue: of two models of the same name only the provider's is
    /// called.
    /// </summary>
    public string Name => Value.StartsWith(OfProvider, StringComparison.Ordinal) ? Value[OfProvider.Length..] : Value;

    /// <summary>The queue of a provider's model.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than <see cref="MaxModelLength"/>.</exception>
    public static QueueName ForProvider(string model) => new(OfProvider + ForModel(model).Value);

    /// <summary>The queue of a worker's model.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than <see cref="MaxModelLength"/>.</exception>
    public static QueueName ForModel(string model)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (model.Length > MaxModelLength)
        {
            throw new ArgumentException(
                $"A model name has at most {MaxModelLength} characters; this one has {model.Length}.", nameof(model));
        }

        var escaped = new StringBuilder(model.Length);
        foreach (var unit in Encoding.UTF8.GetBytes(model))
        {
            if (IsPlain((char)unit)) escaped.Append((char)unit);
            else escaped.Append('_').Append(unit.ToString("x2", CultureInfo.InvariantCulture));
        }

        return new QueueName(escaped.ToString());
    }

    /// <summary>The model whose queue it is.</summary>
    public string Model
    {
        get
        {
            var name = Name;
            if (!name.Contains('_')) return name;

            var units = new List<byte>(name.Length);
            for (var i = 0; i < name.Length; i++)
            {
                if (name[i] != '_')
                {
                    units.Add((byte)name[i]);
                    continue;
                }

                units.Add(byte.Parse(name.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 2;
            }

            return Encoding.UTF8.GetString([.. units]);
        }
    }

    /// <summary>
    /// Parses an escaped name, such as that in a job id. Accepts only names that <see cref="ForModel"/> or <see cref="ForProvider"/> can
    /// have written.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out QueueName queue)
    {
        if (!text.StartsWith(OfProvider)) return TryParseName(text, out queue);
        if (!TryParseName(text[OfProvider.Length..], out queue)) return false;

        queue = new QueueName(text.ToString());
        return true;
    }

    private static bool TryParseName(ReadOnlySpan<char> text, out QueueName queue)
    {
        queue = default;
        if (text.IsEmpty || text.Length > MaxLength) return false;

        for (var i = 0; i < text.Length; i++)
        {
            if (IsPlain(text[i])) continue;
            if (text[i] != '_' || i + 2 >= text.Length || !IsLowerHex(text[i + 1]) || !IsLowerHex(text[i + 2])) return false;
            i += 2;
        }

        // An escape that is not needed, or is not UTF-8, would give one model two names.
        var parsed = new QueueName(text.ToString());
        var model = parsed.Model;
        if (model.Length > MaxModelLength || (text.Contains('_') && ForModel(model) != parsed)) return false;

        queue = parsed;
        return true;
    }

    public override string ToString() => Value;

    private static bool IsPlain(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-';

    private static bool IsLowerHex(char c) => c is (>= '0' and <= '9') or (>= 'a' and <= 'f');
}
