using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>
/// Unicode normalization form C as Hugging Face <c>tokenizers</c> does it, read from the embedded <c>nfc-unicode.txt</c> (which says
/// how it was made). .NET's own normalization needs ICU, which this product runs without. It is thread-safe.
/// </summary>
internal sealed class Nfc
{
    private const char FirstThatChanges = '\u0300';
    private const int HangulFirst = 0xAC00;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TailBefore = 0x11A7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Tails = 28;
    private const int Syllables = Leads * Vowels * Tails;

    private static readonly Lazy<Nfc> Shared = new(() => new Nfc());

    private readonly Dictionary<int, int[]> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];
    private readonly Dictionary<int, int> _classes = [];

    private Nfc()
    {
        using Stream data = typeof(Nfc).Assembly.GetManifestResourceStream("nfc-unicode.txt")
            ?? throw new UnreachableException("nfc-unicode.txt is not embedded. This is a bug.");
        using var reader = new StreamReader(data);

        string section = "";
        int combiningClass = 0;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
            {
                section = line;
                if (section == "[class]")
                    combiningClass++;
            }
            else if (!line.StartsWith('#'))
            {
                foreach (string item in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    ReadItem(section, item, combiningClass);
            }
        }
    }

    public static Nfc Instance => Shared.Value;

    /// <summary>Normalizes a well-formed text in n log n time.</summary>
    /// <returns>The text itself if nothing in it can change.</returns>
    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange(FirstThatChanges, char.MaxValue))
            return text;

        List<(int Point, int Class)> points = Decompose(text);
        PutInOrder(CollectionsMarshal.AsSpan(points));
        return Compose(points);
    }

    private static int[] Points(string item) => [.. item.Split('+').Select(Point)];

    private static int Point(string item) => int.Parse(item, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void ReadItem(string section, string item, int combiningClass)
    {
        if (section == "[class]")
        {
            int[] ends = [.. item.Split('-').Select(Point)];
            for (int point = ends[0]; point <= ends[^1]; point++)
                _classes.Add(point, combiningClass);
            return;
        }

        string[] sides = item.Split('=');
        int[] left = Points(sides[0]);
        int[] right = Points(sides[1]);
        if (section == "[decomposition]")
            _decompositions.Add(left[0], right);
        else
            _compositions.Add((left[0], left[1]), right[0]);
    }

    private List<(int Point, int Class)> Decompose(ReadOnlySpan<char> text)
    {
        var points = new List<(int, int)>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int point = rune.Value;
            int syllable = point - HangulFirst;
            if (syllable is >= 0 and < Syllables)
            {
                points.Add((LeadFirst + (syllable / (Vowels * Tails)), 0));
                points.Add((VowelFirst + (syllable / Tails % Vowels), 0));
                if (syllable % Tails != 0)
                    points.Add((TailBefore + (syllable % Tails), 0));
            }
            else if (point >= 0x80 && _decompositions.TryGetValue(point, out int[]? parts))
            {
                foreach (int part in parts)
                    points.Add((part, _classes.GetValueOrDefault(part)));
            }
            else
            {
                points.Add((point, point < FirstThatChanges ? 0 : _classes.GetValueOrDefault(point)));
            }
        }

        return points;
    }

    /// <summary>Sorts each run of combining characters by class, keeping the order within a class.</summary>
    private static void PutInOrder(Span<(int Point, int Class)> points)
    {
        for (int start = 0; start < points.Length; start++)
        {
            if (points[start].Class == 0)
                continue;
            int end = start + 1;
            while (end < points.Length && points[end].Class != 0)
                end++;

            if (end - start > 1)
            {
                Span<(int Point, int Class)> run = points[start..end];
                var keys = new long[run.Length];
                for (int i = 0; i < keys.Length; i++)
                    keys[i] = ((long)run[i].Class << 32) | (uint)i;
                keys.AsSpan().Sort(run);
            }

            start = end - 1;
        }
    }

    private ReadOnlySpan<char> Compose(List<(int Point, int Class)> points)
    {
        int count = 0;
        int starter = -1;
        int classBefore = -1; // of the last character after the starter; -1 when there is none
        for (int i = 0; i < points.Count; i++)
        {
            (int point, int combiningClass) = points[i];
            if (starter >= 0 && classBefore < combiningClass && TryCompose(points[starter].Point, point, out int composed))
            {
                points[starter] = (composed, 0);
                continue;
            }

            if (combiningClass == 0)
                starter = count;
            classBefore = combiningClass == 0 ? -1 : combiningClass;
            points[count++] = (point, combiningClass);
        }

        var text = new char[count * 2];
        int length = 0;
        for (int i = 0; i < count; i++)
            length += new Rune(points[i].Point).EncodeToUtf16(text.AsSpan(length));
        return text.AsSpan(0, length);
    }

    private bool TryCompose(int first, int second, out int composed)
    {
        int lead = first - LeadFirst;
        int vowel = second - VowelFirst;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            composed = HangulFirst + (((lead * Vowels) + vowel) * Tails);
            return true;
        }

        int syllable = first - HangulFirst;
        int tail = second - TailBefore;
        if (syllable is >= 0 and < Syllables && syllable % Tails == 0 && tail is > 0 and < Tails)
        {
            composed = first + tail;
            return true;
        }

        return _compositions.TryGetValue((first, second), out composed);
    }
}
