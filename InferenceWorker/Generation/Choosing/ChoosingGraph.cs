using System.Runtime.InteropServices;
using System.Text;

namespace AiPlatform.InferenceWorker.Generation.Choosing;

/// <summary>
/// Writes an ONNX model that finds the likeliest allowed tokens of rows: a mask is added to the logits, and the largest are taken. The mask
/// has a number for each eight tokens, the bits of which say which are allowed. A table turns it into eight summands, 0 or minus infinity,
/// so it takes an eighth of the memory of fp32 logits. The numbers in this class are those of onnx.proto's fields.
/// </summary>
internal static class ChoosingGraph
{
    public const string Logits = "logits";
    public const string Allowed = "allowed";
    public const string Values = "values";
    public const string Tokens = "tokens";
    public const string Sums = "sums";

    private const int Float = 1;
    private const int Int32 = 6;
    private const int Int64 = 7;
    private const int Float16 = 10;
    private const int BitsOfANumber = 8;

    /// <summary>Numbers of a row's mask.</summary>
    public static int MaskLength(int vocabulary) => (vocabulary + BitsOfANumber - 1) / BitsOfANumber;

    /// <summary>
    /// A model with the inputs <c>logits</c> <c>[rows, stride]</c> and <c>allowed</c> <c>[rows, mask length of the stride]</c>, and the
    /// outputs <c>values</c> and <c>tokens</c> <c>[rows, count]</c>, the largest first, and <c>sums</c> <c>[rows]</c> of all logits.
    /// </summary>
    /// <param name="stride">Logits of a row.</param>
    /// <param name="isHalf">Whether they are fp16.</param>
    /// <param name="count">How many tokens of a row are taken.</param>
    public static byte[] Write(int stride, bool isHalf, int count)
    {
        var masked = MaskLength(stride) * BitsOfANumber;
        return Message(model =>
        {
            model.Number(1, 8);
            model.Nested(7, graph =>
            {
                graph.Text(2, "choose");
                graph.Input(Logits, isHalf ? Float16 : Float, stride);
                graph.Input(Allowed, Int32, MaskLength(stride));
                graph.Output(Values, Float, count);
                graph.Output(Tokens, Int64, count);
                graph.Output(Sums, Float);
                graph.Constant("table", Float, MemoryMarshal.AsBytes<float>(Table()), 1 << BitsOfANumber, BitsOfANumber);
                graph.Longs("flat", 0, -1);
                graph.Longs("count", count);
                graph.Longs("last axis", 1);
                var wide = Logits;
                if (isHalf) graph.Node("Cast", [Logits], [wide = "wide"], ("to", Float));
                graph.Node("Gather", ["table", Allowed], ["bits"], ("axis", 0));
                graph.Node("Reshape", ["bits", "flat"], ["summands"]);
                var summands = "summands";
                if (masked > stride)
                {
                    graph.Longs("start", 0);
                    graph.Longs("end", stride);
                    graph.Node("Slice", [summands, "start", "end", "last axis"], [summands = "cut"]);
                }

                graph.Node("Add", [wide, summands], ["masked"]);
                graph.Node("TopK", ["masked", "count"], [Values, Tokens], ("axis", 1), ("largest", 1), ("sorted", 1));
                graph.Node("ReduceSum", [wide, "last axis"], [Sums], ("keepdims", 0));
            });
            model.Nested(8, operators => operators.Number(2, 13));
        });
    }

    /// <summary>The eight summands of each number of a mask.</summary>
    private static float[] Table()
    {
        var table = new float[(1 << BitsOfANumber) * BitsOfANumber];
        for (var i = 0; i < table.Length; i++)
            table[i] = (i / BitsOfANumber >> (i % BitsOfANumber) & 1) != 0 ? 0 : float.NegativeInfinity;
        return table;
    }

    private static byte[] Message(Action<Writer> write)
    {
        var writer = new Writer();
        write(writer);
        return writer.ToArray();
    }

    private sealed class Writer
    {
        private const int IntAttribute = 2;

        private readonly List<byte> _bytes = [];

        public byte[] ToArray() => [.. _bytes];

        public void Input(string name, int type, int size) => Value(11, name, type, size);

        public void Output(string name, int type, params int[] sizes) => Value(12, name, type, sizes);

        public void Node(string operation, string[] inputs, string[] outputs, params (string Name, int Value)[] attributes) =>
            Nested(1, node =>
            {
                foreach (var input in inputs) node.Text(1, input);
                foreach (var output in outputs) node.Text(2, output);
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

        public void Longs(string name, params long[] values) => Constant(name, Int64, MemoryMarshal.AsBytes<long>(values), values.Length);

        public void Constant(string name, int type, ReadOnlySpan<byte> content, params int[] shape)
        {
            var copy = content.ToArray();
            Nested(5, tensor =>
            {
                foreach (var size in shape) tensor.Number(1, size);
                tensor.Number(2, type);
                tensor.Text(8, name);
                tensor.Bytes(9, copy);
            });
        }

        public void Nested(int field, Action<Writer> write) => Bytes(field, Message(write));

        public void Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

        public void Number(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        /// <summary>A tensor of rows.</summary>
        private void Value(int field, string name, int type, params int[] sizes) => Nested(field, value =>
        {
            value.Text(1, name);
            value.Nested(2, kind => kind.Nested(1, tensor =>
            {
                tensor.Number(1, type);
                tensor.Nested(2, shape =>
                {
                    shape.Nested(1, dimension => dimension.Text(2, "rows"));
                    foreach (var size in sizes) shape.Nested(1, dimension => dimension.Number(1, size));
                });
            }));
        });

        private void Bytes(int field, byte[] bytes)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)bytes.Length);
            _bytes.AddRange(bytes);
        }

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7) _bytes.Add((byte)(value | 0x80));
            _bytes.Add((byte)value);
        }
    }
}
