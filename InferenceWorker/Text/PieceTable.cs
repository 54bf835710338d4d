using System.Numerics;

namespace AiPlatform.InferenceWorker.Text;

/// <summary>
/// Finds the longest known piece at the start of a text, without allocating. One pass computes the hashes of all prefixes, so a known whole
/// word costs one probe, and a miss costs at most as many probes as the longest piece has code units.
/// </summary>
internal sealed class PieceTable
{
    /// <summary>Most UTF-16 code units of a piece.</summary>
    public const int LongestPiece = 256;

    private const uint HashStart = 2166136261;
    private const uint HashFactor = 16777619;
    private const uint SlotFactor = 0x9E3779B1;
    private const int SlotsPerPiece = 4;

    private readonly Slot[] _slots;
    private readonly int _slotShift;
    private readonly int[] _ends;
    private readonly int[] _ids;
    private readonly char[] _text;
    private readonly int _longest;

    /// <param name="pieces">Pieces that are distinct and not empty, each of at most <see cref="LongestPiece"/> code units.</param>
    public PieceTable(List<KeyValuePair<string, int>> pieces)
    {
        int slotBits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, pieces.Count * SlotsPerPiece)));
        _slots = new Slot[1 << slotBits];
        _slotShift = 32 - slotBits;
        _ends = new int[pieces.Count + 1];
        _ids = new int[pieces.Count + 1];
        int characters = 0;
        foreach (KeyValuePair<string, int> piece in pieces)
            characters += piece.Key.Length;
        _text = new char[characters];

        int number = 0;
        foreach ((string text, int id) in pieces)
        {
            _longest = Math.Max(_longest, text.Length);
            text.CopyTo(_text.AsSpan(_ends[number]));
            number++;
            _ends[number] = _ends[number - 1] + text.Length;
            _ids[number] = id;
            Insert(text, number);
        }
    }

    /// <returns>The length of the piece in code units; 0 if the text begins with none.</returns>
    public int LongestAtStart(ReadOnlySpan<char> text, out int id)
    {
        int longest = Math.Min(text.Length, _longest);
        Span<uint> hashes = stackalloc uint[LongestPiece];
        hashes = hashes[..longest];
        uint hash = HashStart;
        for (int i = 0; i < hashes.Length; i++)
            hashes[i] = hash = (hash ^ text[i]) * HashFactor;

        for (int length = longest; length > 0; length--)
        {
            int number = Find(text[..length], hashes[length - 1]);
            if (number != 0)
            {
                id = _ids[number];
                return length;
            }
        }

        id = -1;
        return 0;
    }

    private int Find(ReadOnlySpan<char> piece, uint hash)
    {
        for (uint at = SlotOf(hash); ; at = (at + 1) & (uint)(_slots.Length - 1))
        {
            Slot slot = _slots[at];
            if (slot.Number == 0)
                return 0;
            if (slot.Hash == hash && piece.SequenceEqual(_text.AsSpan(_ends[slot.Number - 1].._ends[slot.Number])))
                return slot.Number;
        }
    }

    private void Insert(string text, int number)
    {
        uint hash = HashStart;
        foreach (char unit in text)
            hash = (hash ^ unit) * HashFactor;

        uint at = SlotOf(hash);
        while (_slots[at].Number != 0)
            at = (at + 1) & (uint)(_slots.Length - 1);
        _slots[at] = new Slot(hash, number);
    }

    private uint SlotOf(uint hash) => (hash * SlotFactor) >> _slotShift;

    /// <param name="Hash">The hash of the whole piece.</param>
    /// <param name="Number">The number of the piece, from 1; 0 marks an empty slot.</param>
    private readonly record struct Slot(uint Hash, int Number);
}
