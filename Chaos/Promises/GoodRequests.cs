using System.Globalization;
using System.Text.Json;
using AiPlatform.Chaos.Processes;
using AiPlatform.InferenceWorker.Text;

namespace AiPlatform.Chaos.Promises;

/// <summary>Makes valid requests of every kind by their numbers; the same seed and number make the same request.</summary>
/// <param name="seed">The seed.</param>
/// <param name="withKeys">Whether some have an idempotency key.</param>
/// <param name="models">The names under which the shipped model is served.</param>
internal sealed class GoodRequests(int seed, bool withKeys, IReadOnlyList<string> models)
{
    private const string NamePrefix = "request-";

    private static readonly CallKind[] Kinds = [CallKind.Job, CallKind.Job, CallKind.Job, CallKind.RespondAsync, CallKind.Synchronous];
    private static readonly string[] Lanes = ["interactive", "default", "batch"];

    private static readonly ITokenizer Tokenizer =
        TokenizerLoader.Load(Path.Combine(Checkout.Models, ModelNames.Shipped, "tokenizer.json"));

    /// <summary>The texts with their tokens and vectors. Token arrays have no special tokens, and must not be empty.</summary>
    private static readonly (string Text, int[] Tokens, float[] Vector)[] Texts =
    [
        .. ReferenceEmbeddings.All.Where(one => one.Tokens is > 2 and <= 64)
            .Select(one => (one.Text, Tokenizer.Encode(one.Text)[1..^1], one.Vector)),
    ];

    public GoodRequest Make(int number)
    {
        var numbers = new SeededNumbers(HashOf(number));
        var name = string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{number}");
        var kind = numbers.OneOf(Kinds);
        var texts = Enumerable.Range(0, numbers.OneOf([1, 1, 1, 2, 5])).Select(_ => numbers.OneOf(Texts)).ToList();
        var areTokens = numbers.Below(4) == 0;
        object items = areTokens ? texts.Select(one => one.Tokens).ToArray() : texts.Select(one => one.Text).ToArray();
        object first = areTokens ? texts[0].Tokens : texts[0].Text;
        var call = new { model = numbers.OneOf(models), input = texts.Count == 1 && numbers.Below(2) == 0 ? first : items, user = name };
        object body = kind == CallKind.Job ? new { endpoint = "/v1/embeddings", body = call, lane = numbers.OneOf(Lanes) } : call;
        var hasKey = numbers.Below(3) == 0 && withKeys;
        return new GoodRequest
        {
            Name = name,
            Kind = kind,
            Body = JsonSerializer.SerializeToUtf8Bytes(body),
            Key = hasKey ? $"{seed}-{name}" : null,
            ComesTwice = hasKey && numbers.Below(3) == 0,
            Vectors = [.. texts.Select(one => one.Vector)],
        };
    }

    /// <summary>The request with this body.</summary>
    public GoodRequest OfBody(ReadOnlySpan<byte> body)
    {
        var call = JsonSerializer.Deserialize<JsonElement>(body);
        return Make(int.Parse(call.GetProperty("user").GetString()![NamePrefix.Length..], CultureInfo.InvariantCulture));
    }

    private int HashOf(int number) => unchecked((seed * 1_000_003) + (number * 7_919));
}
