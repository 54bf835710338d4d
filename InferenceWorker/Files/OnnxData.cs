using System.Text;

namespace AiPlatform.InferenceWorker.Files;

/// <summary>
/// Finds the files beside an ONNX file that have its weights. It reads the protobuf messages that lead to them, and skips everything else,
/// so its memory does not depend on the file's size.
/// </summary>
internal static class OnnxData
{
    /// <summary>The largest models have some hundred.</summary>
    private const int MostFiles = 4_096;

    /// <summary>Graphs within graphs, such as the branches of a condition.</summary>
    private const int MostDepth = 64;

    private const int MostNameBytes = 4_096;

    private enum Message
    {
        Model,
        Graph,
        Function,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
        Entry,
    }

    /// <param name="path">Full path of the ONNX file.</param>
    /// <param name="file">Its name with its folder, for messages.</param>
    /// <returns>The places as the file says them, each once. They may be anything, such as <c>../../x</c>.</returns>
    /// <exception cref="ModelProblemException">It cannot be read, or is no ONNX file.</exception>
    public static IReadOnlyCollection<string> PlacesIn(string path, string file)
    {
        try
        {
            ModelFilePath.RequireContent(path, file);
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 * 1024);
            var places = new SortedSet<string>(StringComparer.Ordinal);
            Read(stream, stream.Length, Message.Model, places, depth: 0);
            return places;
        }
        catch (InvalidDataException broken)
        {
            throw new ModelProblemException($"{file}: it is no ONNX file, or damaged: {broken.Message}", broken);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw ModelProblemException.Unreadable(file, unreadable);
        }
    }

    /// <summary>The message in a field; null for one that leads to no tensor.</summary>
    private static Message? Below(Message parent, ulong field) => (parent, field) switch
    {
        (Message.Model, 7) => Message.Graph,
        (Message.Model, 25) => Message.Function,
        (Message.Graph, 1) or (Message.Function, 7) => Message.Node,
        (Message.Graph, 5) or (Message.Attribute, 5 or 10) or (Message.SparseTensor, 1 or 2) => Message.Tensor,
        (Message.Graph, 15) or (Message.Attribute, 22 or 23) => Message.SparseTensor,
        (Message.Node, 5) or (Message.Function, 11) => Message.Attribute,
        (Message.Attribute, 6 or 11) => Message.Graph,
        (Message.Tensor, 13) => Message.Entry,
        _ => null,
    };

    private static void Read(Stream stream, long end, Message message, SortedSet<string> places, int depth)
    {
        if (depth > MostDepth) throw new InvalidDataException($"it nests more than {MostDepth} messages.");
        var (key, value) = ("", "");
        while (stream.Position < end)
        {
            var tag = Varint(stream);
            var (field, wire) = (tag >> 3, tag & 7);
            var length = wire switch
            {
                0 => Skipped(stream),
                1 => 8,
                2 => (long)Math.Min(Varint(stream), long.MaxValue),
                5 => 4,
                _ => throw new InvalidDataException($"byte {stream.Position} begins no field."),
            };
            if (length > end - stream.Position) throw new InvalidDataException($"it is cut short at byte {stream.Position}.");

            if (wire == 2 && message == Message.Entry && field is 1 or 2)
            {
                var text = Text(stream, length);
                if (field == 1) key = text;
                else value = text;
            }
            else if (wire == 2 && Below(message, field) is { } below)
            {
                Read(stream, stream.Position + length, below, places, depth + 1);
            }
            else
            {
                stream.Seek(length, SeekOrigin.Current);
            }
        }

        if (message != Message.Entry || key != "location") return;
        places.Add(value);
        if (places.Count > MostFiles) throw new InvalidDataException($"it names more than {MostFiles} files with weights.");
    }

    private static long Skipped(Stream stream)
    {
        Varint(stream);
        return 0;
    }

    private static ulong Varint(Stream stream)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = stream.ReadByte();
            if (next < 0) throw new InvalidDataException("it is cut short.");
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw new InvalidDataException($"byte {stream.Position} ends no number.");
    }

    private static string Text(Stream stream, long length)
    {
        if (length > MostNameBytes) throw new InvalidDataException($"it names a file with {length} bytes.");
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }
}
