using System.Text;
using Xunit;

namespace AiPlatform.Tests.Gateway.Tasks.Embeddings;

/// <summary>Requests that every dialect refuses with 400, and the parameter that each names.</summary>
internal static class BadEmbeddingRequests
{
    /// <summary>A model that need not be served: these requests are refused before it is looked up.</summary>
    private const string Model = "\"model\":\"m\"";

    /// <summary>JSON objects that are valid as JSON: body, parameter.</summary>
    public static TheoryData<string, string> Fields { get; } = new()
    {
        { """{"input":"a"}""", "model" },
        { """{"model":null,"input":"a"}""", "model" },
        { """{"model":"","input":"a"}""", "model" },
        { """{"model":7,"input":"a"}""", "model" },
        { """{"model":"\ud800","input":"a"}""", "model" },
        { """{"model":["m"],"input":"a"}""", "model" },
        { $$"""{{{Model}} }""", "input" },
        { $$"""{{{Model}},"input":null}""", "input" },
        { $$"""{{{Model}},"input":""}""", "input" },
        { $$"""{{{Model}},"input":[]}""", "input" },
        { $$"""{{{Model}},"input":{} }""", "input" },
        { $$"""{{{Model}},"input":1}""", "input" },
        { $$"""{{{Model}},"input":true}""", "input" },
        { $$"""{{{Model}},"input":[""]}""", "input[0]" },
        { $$"""{{{Model}},"input":["a",""]}""", "input[1]" },
        { $$"""{{{Model}},"input":["a",1]}""", "input[1]" },
        { $$"""{{{Model}},"input":["a",null]}""", "input[1]" },
        { $$"""{{{Model}},"input":["a",["b"]]}""", "input[1]" },
        { $$"""{{{Model}},"input":[null]}""", "input[0]" },
        { $$"""{{{Model}},"input":[{}]}""", "input[0]" },
        { $$"""{{{Model}},"input":[1,"a"]}""", "input[1]" },
        { $$"""{{{Model}},"input":[1,-1]}""", "input[1]" },
        { $$"""{{{Model}},"input":[1.5]}""", "input[0]" },
        { $$"""{{{Model}},"input":[1e999]}""", "input[0]" },
        { $$"""{{{Model}},"input":[2147483648]}""", "input[0]" },
        { $$"""{{{Model}},"input":[[1],[]]}""", "input[1]" },
        { $$"""{{{Model}},"input":[[1],[2,-3]]}""", "input[1][1]" },
        { $$"""{{{Model}},"input":[[1],[[2]]]}""", "input[1][0]" },
        { $$"""{{{Model}},"input":[[1],2]}""", "input[1]" },
        { $$"""{{{Model}},"input":[[1],["a"]]}""", "input[1][0]" },
        { $$"""{{{Model}},"input":"\ud800"}""", "input" },
        { $$"""{{{Model}},"input":["a","x\udc00"]}""", "input[1]" },
        { $$"""{{{Model}},"input":[{{Repeat("\"a\"", 2049)}}]}""", "input" },
        { $$"""{{{Model}},"input":[{{Repeat("1", 2049)}}]}""", "input" },
        { $$"""{{{Model}},"input":[{{Repeat("[1]", 2049)}}]}""", "input" },
        { $$"""{{{Model}},"input":"a","encoding_format":"hex"}""", "encoding_format" },
        { $$"""{{{Model}},"input":"a","encoding_format":1}""", "encoding_format" },
        { $$"""{{{Model}},"input":"a","dimensions":0}""", "dimensions" },
        { $$"""{{{Model}},"input":"a","dimensions":-1}""", "dimensions" },
        { $$"""{{{Model}},"input":"a","dimensions":1.5}""", "dimensions" },
        { $$"""{{{Model}},"input":"a","dimensions":"4"}""", "dimensions" },
        { $$"""{{{Model}},"input":"a","dimensions":1e400}""", "dimensions" },
        { $$"""{{{Model}},"input":"a","dimensions":99999999999999999999}""", "dimensions" },
        { $$"""{{{Model}},"input":"a","truncate":"yes"}""", "truncate" },
        { $$"""{{{Model}},"input":"a","truncate":1}""", "truncate" },
        { $$"""{{{Model}},"input":"a","user":1}""", "user" },
        { $$"""{{{Model}},"input":"a","user":{} }""", "user" },
        { $$"""{{{Model}},"input":"a","input":"b"}""", "input" },
        { $$"""{{{Model}},"input":"a","input":""}""", "input" },
        { $$"""{{{Model}},"input":null,"input":"a"}""", "input" },
        { $$"""{{{Model}},"model":"gpt","input":"a"}""", "model" },
        { $$"""{{{Model}},"model":null,"input":"a"}""", "model" },
        { $$"""{{{Model}},"input":"a","user":"a","user":"a"}""", "user" },
    };

    /// <summary>Bodies that are not JSON objects, so no parameter can be named.</summary>
    public static TheoryData<byte[]> Bodies { get; } = new((byte[][])
    [
        Bytes(""),
        Bytes("   "),
        Bytes("null"),
        Bytes("\"text\""),
        Bytes("[1]"),
        Bytes("7"),
        Bytes("{"),
        Bytes("not json"),
        Bytes($$"""{{{Model}},"input":"a"} x"""),
        Bytes($$"""{{{Model}},"input":"a"}{}"""),
        Bytes($$"""{{{Model}},"input":"a",}"""),
        Bytes($$"""{{{Model}},"input":["a"}"""),
        Bytes($$"""{{{Model}},"input":"a" /* comment */}"""),
        Bytes($$"""{{{Model}},"input":"a","dimensions":NaN}"""),
        Bytes($$"""{{{Model}},"input":"a","dimensions":Infinity}"""),
        Bytes($$"""{{{Model}},"input":"a","dimensions":01}"""),
        Bytes($$"""{{{Model}},"input":"line{{"\n"}}break"}"""),
        Bytes($$"""{{{Model}},"input":"{{"\u0001"}}" }"""),
        Bytes($$"""{{{Model}},"input":"\x41"}"""),
        Bytes($$"""{{{Model}},"input":"a","\ud800":1}"""),
        Bytes($$"""{{{Model}},"input":"a","deep":{{new string('[', 70)}}{{new string(']', 70)}} }"""),
        Bytes($$"""{{{Model}},"input":"a","deep":{{new string('[', 200_000)}}"""),
        [.. Bytes($$"""{{{Model}},"input":" """), 0xFF, 0xFE, .. Bytes("\"}")],
        [.. Bytes($$"""{{{Model}},"input":" """), 0xED, 0xA0, 0x80, .. Bytes("\"}")],
        [.. Bytes($$"""{{{Model}},"input":" """), 0xC0, 0x80, .. Bytes("\"}")],
        [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF, .. Bytes($$"""{{{Model}},"input":"a"}""")],
        [0x00],
    ]);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Repeat(string item, int count) => string.Join(',', Enumerable.Repeat(item, count));
}
