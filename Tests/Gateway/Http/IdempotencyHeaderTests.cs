using AiPlatform.Gateway.Http;
using FsCheck.Fluent;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace AiPlatform.Tests.Gateway.Http;

public sealed class IdempotencyHeaderTests
{
    public static TheoryData<string[]> Bad { get; } = new(
    [
        [""],
        ["\"\""],
        ["\""],
        ["\"open"],
        ["closed\""],
        ["a\"b"],
        ["\"a\"b\""],
        ["\"a\";p=1"],
        ["\"a\", \"b\""],
        ["\"a\\b\""],
        ["\"a\\\""],
        ["a b"],
        ["\"a b\""],
        ["a\u0001"],
        ["a\tb"],
        ["é"],
        ["\"\u007f\""],
        [new string('k', 256)],
        [$"\"{new string('k', 256)}\""],
        [new string('k', 10_000)],
        ["a", "a"],
    ]);

    [Fact]
    public void TryParse_Absent_IsNoKey()
    {
        Assert.True(IdempotencyHeader.TryParse(StringValues.Empty, out var key, out _));

        Assert.Null(key);
    }

    [Theory]
    [InlineData("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    [InlineData("8e03978e-40d5", "8e03978e-40d5")]
    [InlineData("\"a\\\"b\\\\c\"", "a\"b\\c")]
    [InlineData("back\\slash", "back\\slash")]
    [InlineData("!~,;=", "!~,;=")]
    public void TryParse_QuotedOrBare_IsTheKey(string header, string expected)
    {
        Assert.True(IdempotencyHeader.TryParse(header, out var key, out _));

        Assert.Equal(expected, key);
    }

    [Fact]
    public void TryParse_LongestKey_IsTaken()
    {
        Assert.True(IdempotencyHeader.TryParse($"\"{new string('k', 255)}\"", out var key, out _));

        Assert.Equal(255, key!.Length);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void TryParse_Bad_NamesTheHeader(string[] headers)
    {
        Assert.False(IdempotencyHeader.TryParse(headers, out var key, out var error));

        Assert.Equal((null, "Idempotency-Key"), (key, error.Param));
        Assert.InRange(error.Message.Length, 1, 200);
    }

    [Fact]
    public void TryParse_AnyText_NeverThrows() => FsCheck.Check.One(
        FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll<string>(text => IdempotencyHeader.TryParse(text ?? "", out var key, out _) == key is not null));

    [Fact]
    public void Of_RouteOrBodyDiffer_HasAnotherFingerprint()
    {
        string[] fingerprints =
        [
            FingerprintOf("/v1/jobs", "{}"u8), FingerprintOf("/v1/embeddings", "{}"u8),
            FingerprintOf("/v1/jobs", "{ }"u8), FingerprintOf("/v1/jobs", ""u8),
        ];

        Assert.Equal(4, fingerprints.Distinct().Count());
        Assert.Equal(fingerprints[0], FingerprintOf("/v1/jobs", "{}"u8));
        Assert.All(fingerprints, one => Assert.Matches("^[0-9a-f]{64}$", one));
    }

    [Fact]
    public void Of_NoKey_IsNull() => Assert.Null(IdempotencyHeader.Of(null, "/v1/jobs", "{}"u8));

    private static string FingerprintOf(string route, ReadOnlySpan<byte> body) => IdempotencyHeader.Of("k", route, body)!.Fingerprint;
}
