using System.Runtime.InteropServices;
using System.Text;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>Writes small ONNX models, with only the part of the format that these tests need.</summary>
internal sealed class OnnxGraph
{
    public const int Float = 1;
    public const int Int32 = 6;
    public const int Int64 = 7;
    public const int Float16 = 10;

    private readonly Message _graph = new();

    public OnnxGraph() => _graph.Text(2, "tiny");

    /// <param name="name">Its name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="shape">Numbers, or the names of open dimensions.</param>
    public OnnxGraph Input(string name, int type, params object[] shape) => Value(11, name, type, shape);

    public OnnxGraph Output(string name, int type, params object[] shape) => Value(12, name, type, shape);

    public OnnxGraph Constant(string name, long[] dimensions, float[] numbers) =>
        Tensor(name, Float, dimensions, MemoryMarshal.AsBytes<float>(numbers));

    public OnnxGraph Constant(string name, long[] dimensions, long[] numbers) =>
        Tensor(name, Int64, dimensions, MemoryMarshal.AsBytes<long>(numbers));

    public OnnxGraph Node(string type, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes)
    {
        var node = new Message();
        foreach (var input in inputs) node.Text(1, input);
        foreach (var output in outputs) node.Text(2, output);
        node.Text(4, type);
        foreach (var (name, value) in attributes)
        {
            var attribute = new Message().Text(1, name);
            if (value is float number) attribute.Number(2, number).Whole(20, 1);
            else attribute.Whole(3, Convert.ToInt64(value)).Whole(20, 2);
            node.Sub(5, attribute);
        }

        if (type == "GroupQueryAttention") node.Text(7, "com.microsoft");
        _graph.Sub(1, node);
        return this;
    }

    public byte[] ToModel() => new Message().Whole(1, 8).Sub(7, _graph)
        .Sub(8, new Message().Text(1, "").Whole(2, 17))
        .Sub(8, new Message().Text(1, "com.microsoft").Whole(2, 1))
        .ToArray();

    private OnnxGraph Value(int field, string name, int type, object[] shape)
    {
        var dimensions = new Message();
        foreach (var size in shape)
            dimensions.Sub(1, size is string open ? new Message().Text(2, open) : new Message().Whole(1, Convert.ToInt64(size)));
        var tensor = new Message().Whole(1, type).Sub(2, dimensions);
        _graph.Sub(field, new Message().Text(1, name).Sub(2, new Message().Sub(1, tensor)));
        return this;
    }

    private OnnxGraph Tensor(string name, int type, long[] dimensions, ReadOnlySpan<byte> content)
    {
        var tensor = new Message();
        foreach (var size in dimensions) tensor.Whole(1, size);
        _graph.Sub(5, tensor.Whole(2, type).Text(8, name).Bytes(9, content));
        return this;
    }

    /// <summary>A message in Protocol Buffers' encoding.</summary>
    private sealed class Message
    {
        private readonly List<byte> _bytes = [];

        public Message Whole(int field, long value)
        {
            Variable((ulong)field << 3);
            Variable((ulong)value);
            return this;
        }

        public Message Number(int field, float value)
        {
            Variable((ulong)field << 3 | 5);
            _bytes.AddRange(BitConverter.GetBytes(value));
            return this;
        }

        public Message Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        public Message Sub(int field, Message value) => Bytes(field, value.ToArray());

        public Message Bytes(int field, ReadOnlySpan<byte> value)
        {
            Variable((ulong)field << 3 | 2);
            Variable((ulong)value.Length);
            _bytes.AddRange(value);
            return this;
        }

        public byte[] ToArray() => [.. _bytes];

        private void Variable(ulong value)
        {
            for (; value > 127; value >>= 7) _bytes.Add((byte)(value & 127 | 128));
            _bytes.Add((byte)value);
        }
    }
}
