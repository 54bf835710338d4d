using System.Text;
using AiPlatform.Gateway.StructuredOutput;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

public sealed class CompiledSchemasTests : IDisposable
{
    private readonly SchemaWork _work = new();
    private readonly CompiledSchemas _sut;

    public CompiledSchemasTests() => _sut = new CompiledSchemas(_work, TimeProvider.System);

    [Fact]
    public async Task CompileAsync_SameBytesAgain_AreNotCompiledAgain()
    {
        var first = await CompileAsync("""{"type":"object"}""");
        var again = await CompileAsync("""{"type":"object"}""");
        var other = await CompileAsync("""{"type":"array"}""");
        var asserting = await CompileAsync("""{"type":"object"}""", assertFormats: true);

        Assert.Same(first.Compiled, again.Compiled);
        Assert.NotSame(first.Compiled, other.Compiled);
        Assert.NotSame(first.Compiled, asserting.Compiled);
    }

    [Theory]
    [InlineData("""{"type":"nothing"}""", "must be one or more of")]
    [InlineData("""{"$id":"http://a/IDS/","allOf":[PARTS]}""", "more than 20,000,000 steps")]
    public async Task CompileAsync_Refused_KeepsTheRefusal(string schema, string reason)
    {
        var parts = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $$"""{"$id":"b{{i}}"}"""));
        schema = schema.Replace("IDS", new string('a', 40_000), StringComparison.Ordinal).Replace("PARTS", parts, StringComparison.Ordinal);

        var first = await CompileAsync(schema);
        var again = await CompileAsync(schema);

        Assert.Null(first.Compiled);
        Assert.Contains(reason, first.Error!.Message, StringComparison.Ordinal);
        Assert.Same(first.Error, again.Error);
    }

    [Fact]
    public async Task CompileAsync_ManySchemas_KeepsABoundedNumber()
    {
        var weak = new List<WeakReference>();
        for (var i = 0; i < 300; i++)
        {
            // Each is worth some hundred kilobytes.
            var parts = string.Join(',', Enumerable.Range(0, 400).Select(part => $$"""{"const":{{(1000 * i) + part}}}"""));
            weak.Add(new WeakReference((await CompileAsync($$"""{"anyOf":[{{parts}}]}""")).Compiled));
        }

        GC.Collect();

        Assert.InRange(weak.Count(one => one.IsAlive), 1, 200);
    }

    [Fact]
    public async Task CompileAsync_CallerLeaves_KeepsNothing()
    {
        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        var parts = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $$"""{"const":{{i}}}"""));
        var schema = $$"""{"anyOf":[{{parts}}]}""";

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CompileAsync(schema, token: left.Token));

        Assert.NotNull((await CompileAsync(schema)).Compiled);
    }

    public void Dispose()
    {
        _sut.Dispose();
        _work.Dispose();
    }

    private async Task<(AnswerSchema? Compiled, AiPlatform.Jobs.InferenceError? Error)> CompileAsync(
        string schema, bool assertFormats = false, CancellationToken token = default) =>
        await _sut.CompileAsync(Encoding.UTF8.GetBytes(schema), assertFormats, token);
}
