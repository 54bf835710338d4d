using System.Buffers.Binary;
using System.Text;

namespace AiPlatform.Jobs.Tasks.Classification;

/// <summary>
/// The stored result of a classification job, all little-endian: 20 bytes of header, then the model's labels in UTF-8 with line feeds
/// between them, then the scores of each row, the best first. A score is the label's number and a 32-bit float.
/// <code>byte 0 version (1) · 1..3 zero · 4..7 rows · 8..11 scores of each row · 12..15 prompt tokens · 16..19 bytes of the labels</code>
/// </summary>
public sealed class ClassificationOutput
{
    public const string ContentType = "application/vnd.aiplatform.classification";

    /// <summary>Most bytes of a label in UTF-8.</summary>
    public const int MaxLabelBytes = 256;

    private const byte Version = 1;
    private const int HeaderBytes = 20;
    private const int ScoreBytes = 8;

    private readonly ReadOnlyMemory<byte> _scores;

    private ClassificationOutput(ReadOnlyMemory<byte> scores, IReadOnlyList<string> labels, int rows, int scoresPerRow, int promptTokens) =>
        (_scores, Labels, Rows, ScoresPerRow, PromptTokens) = (scores, labels, rows, scoresPerRow, promptTokens);

    public IReadOnlyList<string> Labels { get; }

    public int Rows { get; }

    public int ScoresPerRow { get; }

    /// <summary>Tokens of all inputs, special tokens included.</summary>
    public int PromptTokens { get; }

    /// <summary>Most bytes of a result of this shape.</summary>
    public static long LongestByteCount(int rows, int scoresPerRow, int labels) =>
        HeaderBytes + ((MaxLabelBytes + 1L) * Math.Max(0, labels)) + ((long)rows * Math.Max(0, scoresPerRow) * ScoreBytes);

    /// <summary>Makes a result whose scores the caller fills in through <see cref="Write"/>.</summary>
    /// <param name="labels">None with a line feed.</param>
    /// <param name="rows">How many inputs.</param>
    /// <param name="scoresPerRow">How many scores each has.</param>
    /// <param name="promptTokens">Tokens of all inputs.</param>
    public static byte[] Create(IReadOnlyList<string> labels, int rows, int scoresPerRow, int promptTokens)
    {
        var names = Encoding.UTF8.GetBytes(string.Join('\n', labels));
        var content = new byte[checked(HeaderBytes + names.Length + (rows * scoresPerRow * ScoreBytes))];
        content[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(4), rows);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(8), scoresPerRow);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(12), promptTokens);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(16), names.Length);
        names.CopyTo(content.AsSpan(HeaderBytes));
        return content;
    }

    /// <summary>Writes one score of a row into a result made by <see cref="Create"/>.</summary>
    public static void Write(byte[] content, int row, int place, int label, float score)
    {
        var scoresPerRow = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(8));
        var labels = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(16));
        var at = content.AsSpan(HeaderBytes + labels + (((row * scoresPerRow) + place) * ScoreBytes), ScoreBytes);
        BinaryPrimitives.WriteInt32LittleEndian(at, label);
        BinaryPrimitives.WriteSingleLittleEndian(at[4..], score);
    }

    /// <exception cref="FormatException">The bytes are of another version, or do not match the header.</exception>
    public static ClassificationOutput Parse(ReadOnlyMemory<byte> content)
    {
        var span = content.Span;
        if (span.Length < HeaderBytes || span[0] != Version)
            throw new FormatException("The stored classification is of a form that this version cannot read.");

        int rows = BinaryPrimitives.ReadInt32LittleEndian(span[4..]), scores = BinaryPrimitives.ReadInt32LittleEndian(span[8..]);
        int tokens = BinaryPrimitives.ReadInt32LittleEndian(span[12..]), labelBytes = BinaryPrimitives.ReadInt32LittleEndian(span[16..]);
        // This is computed in floating point, so that a product of two lengths cannot overflow.
        var length = HeaderBytes + (double)labelBytes + ((double)rows * scores * ScoreBytes);
        if (rows < 0 || scores <= 0 || labelBytes <= 0 || length != span.Length)
            throw new FormatException("The stored classification is not as long as its header says.");

        var labels = Encoding.UTF8.GetString(span.Slice(HeaderBytes, labelBytes)).Split('\n');
        var output = new ClassificationOutput(content[(HeaderBytes + labelBytes)..], labels, rows, scores, tokens);
        for (var i = 0; i < rows * scores; i++)
        {
            var (label, score) = output.ScoreAt(i);
            if (label < 0 || label >= labels.Length || !float.IsFinite(score))
                throw new FormatException("The stored classification has a score of no label, or one that is no number.");
        }

        return output;
    }

    /// <summary>A row's score, the best at place 0.</summary>
    public (int Label, float Score) ScoreOf(int row, int place) => ScoreAt((row * ScoresPerRow) + place);

    private (int Label, float Score) ScoreAt(int index)
    {
        var at = _scores.Span.Slice(index * ScoreBytes, ScoreBytes);
        return (BinaryPrimitives.ReadInt32LittleEndian(at), BinaryPrimitives.ReadSingleLittleEndian(at[4..]));
    }
}
