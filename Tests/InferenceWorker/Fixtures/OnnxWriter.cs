using System.Runtime.InteropServices;
using System.Text;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Writes the ONNX protobuf messages that tests need. The numbers are those of onnx.proto's fields.</summary>
internal sealed class OnnxWriter
{
    private const int FloatType = 1;
    private const int Int64Type = 7;
    private const int IntAttribute = 2;

    private readonly List<byte> _bytes = [];

    /// <summary>A model of IR 8 and operators 13 with one graph.</summary>
    public static byte[] Model(Action<OnnxWriter> graph) => Message(model =>
    {
        model.Number(1, 8);
        model.Nested(7, graph);
        model.Nested(8, operators => operators.Number(2, 13));
    });

    public void Name(string name) => Text(2, name);

    public void Node(string operation, string[] inputs, string output, params (string Name, long Value)[] attributes) => Nested(1, node =>
    {
        foreach (var input in inputs) node.Text(1, input);
        node.Text(2, output);
        node.Text(4, operation);
        foreach (var (name, value) in attributes)
        {
            node.Nested(5, attribute =>
            {
                attribute.Text(1, name);
                attribute.Number(3, value);
                attribute.Number(20, IntAttribute);
            });
        }
    });

    public void Constant(string name, float[] values, params long[] shape) =>
        Tensor(name, FloatType, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), shape);

    public void Constant(string name, long[] values) =>
        Tensor(name, Int64Type, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), [values.Length]);

    /// <summary>A constant whose numbers are in another file.</summary>
    public void ExternalConstant(string name, string place) => Nested(5, tensor =>
    {
        tensor.Number(1, 1);
        tensor.Number(2, FloatType);
        tensor.Text(8, name);
        tensor.Nested(13, entry =>
        {
            entry.Text(1, "location");
            entry.Text(2, place);
        });
        tensor.Number(14, 1);
    });

    /// <summary>An input of token ids or the like, <c>[rows, tokens]</c>.</summary>
    public void TokensInput(string name) => Value(11, name, Int64Type, "rows", "tokens");

    /// <summary>An output of floats; a size that is a number is fixed.</summary>
    public void FloatOutput(string name, params string[] sizes) => Value(12, name, FloatType, sizes);

    private static byte[] Message(Action<OnnxWriter> write)
    {
        var writer = new OnnxWriter();
        write(writer);
        return [.. writer._bytes];
    }

    private void Tensor(string name, int type, byte[] content, long[] shape) => Nested(5, tensor =>
    {
        foreach (var size in shape) tensor.Number(1, size);
        tensor.Number(2, type);
        tensor.Text(8, name);
        tensor.Bytes(9, content);
    });

    private void Value(int field, string name, int type, params string[] sizes) => Nested(field, value =>
    {
        value.Text(1, name);
        value.Nested(2, kind => kind.Nested(1, tensor =>
        {
            tensor.Number(1, type);
            tensor.Nested(2, shape =>
            {
                foreach (var size in sizes)
                {
                    shape.Nested(1, dimension =>
                    {
                        if (long.TryParse(size, out var fixedSize)) dimension.Number(1, fixedSize);
                        else dimension.Text(2, size);
                    });
                }
            });
        }));
    });

    private void Nested(int field, Action<OnnxWriter> write) => Bytes(field, Message(write));

    private void Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private void Bytes(int field, byte[] bytes)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)bytes.Length);
        _bytes.AddRange(bytes);
    }

    private void Number(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
    }
}
