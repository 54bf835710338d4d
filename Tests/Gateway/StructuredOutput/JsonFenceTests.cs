using System.Buffers;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.StructuredOutput;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

public sealed class JsonFenceTests
{
    private const string Json = """{"a":"`x` ```","b":"\ud83d\ude00 \\ \" é"}""";

    public static TheoryData<string, string> Texts => new()
    {
        { $"```json\n{Json}\n```", Json },
        { $"```JSON\r\n{Json}\r\n```\r\n", Json },
        { $"```\n{Json}\n```", Json },
        { $" \n\t```json {Json} ``` \n", Json },
        { $"``` json\n\n{Json}```", Json },
        { $"```{Json}```", Json },
        { "```json\n\"json\"\n```", "\"json\"" },
        { $"```json\n{Json}", Json },
        { "```json", "" },
        { "``````", "" },
        { Json, Json },
        { $" \n {Json} \n", $" \n {Json} \n" },
        { "", "" },
        { "``", "``" },
        { "`code`", "`code`" },
        { $"Here it is:\n```json\n{Json}\n```", $"Here it is:\n```json\n{Json}\n```" },
        { $"~~~\n{Json}\n~~~", $"~~~\n{Json}\n~~~" },
        { $"```json\n{Json}\n``` I hope that helps.", $"{Json}\n``` I hope that helps." },
        { $"```js\n{Json}\n```", $"js\n{Json}" },
        { $"{new string(' ', JsonFence.MaxHeld + 1)}```json\n1\n```", $"{new string(' ', JsonFence.MaxHeld + 1)}```json\n1\n```" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void Strip_Text_IsBareOrAsItWas(string text, string bare) => Assert.Equal(bare, JsonFence.Strip(text));

    [Theory]
    [MemberData(nameof(Texts))]
    public void Read_InPieces_IsWhatStripSays(string text, string bare)
    {
        foreach (var length in new[] { 1, 2, 3, 7 })
            Assert.Equal(bare, ReadInPieces(text.Chunk(length).Select(piece => new string(piece))));
    }

    [Fact]
    public void Read_AnyTextInAnyPieces_IsWhatStripSays()
    {
        string[] parts = ["`", "``", "```", "json", "js", " ", "\n", "{", "}", "\"", "x", "\\", "é", "1"];
        var numbers = new SeededNumbers(20261128);
        for (var round = 0; round < 20_000; round++)
        {
            var pieces = Enumerable.Range(0, 1 + numbers.Below(11)).Select(_ => numbers.OneOf(parts)).ToArray();
            var text = string.Concat(pieces);

            var stripped = JsonFence.Strip(text);

            Assert.True(ReadInPieces(pieces) == stripped, $"'{text}' gave '{ReadInPieces(pieces)}' in pieces and '{stripped}' whole");
            if (!text.TrimStart().StartsWith("```", StringComparison.Ordinal)) Assert.Equal(text, stripped);
        }
    }

    [Fact]
    public void Read_WhiteSpaceWithoutEnd_IsHeldBackUpToABound()
    {
        var sut = new JsonFence();
        var bare = new ArrayBufferWriter<byte>();
        sut.Read("```json\\n{"u8, bare);
        for (var i = 0; i < 100_000; i++) sut.Read(" "u8, bare);

        Assert.InRange(bare.WrittenCount, 100_000 - JsonFence.MaxHeld, 100_001);
    }

    [Theory]
    [InlineData("\\u0060\\u0060\\u0060json\\u000a{}\\u000A\\u0060``", "{}")]
    [InlineData("```json\\n{\\\"a\\\":\\\"\\ud83d\\ude00\\/\\\"}\\n```", "{\\\"a\\\":\\\"\\ud83d\\ude00\\/\\\"}")]
    public void Read_Escapes_AreUnderstoodAndKept(string text, string bare)
    {
        var (sut, written) = (new JsonFence(), new ArrayBufferWriter<byte>());

        sut.Read(Encoding.UTF8.GetBytes(text), written);
        sut.End(written);

        Assert.Equal(bare, Encoding.UTF8.GetString(written.WrittenSpan));
    }

    private static string ReadInPieces(IEnumerable<string> pieces)
    {
        var (sut, written) = (new JsonFence(), new ArrayBufferWriter<byte>());
        written.Write("\""u8);
        foreach (var piece in pieces) sut.Read(JsonSerializer.SerializeToUtf8Bytes(piece).AsSpan()[1..^1], written);
        sut.End(written);
        written.Write("\""u8);
        return JsonSerializer.Deserialize<string>(written.WrittenSpan)!;
    }
}
