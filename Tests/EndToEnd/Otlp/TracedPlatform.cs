using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>
/// A platform with an embedding model, a language model and a provider that exports over gRPC, for all tests of a class. A test looks at
/// its own traces only.
/// </summary>
public sealed class TracedPlatform : IAsyncLifetime
{
    private OtlpReceiver? _receiver;
    private FakeProvider? _provider;
    private Platform? _platform;

    internal OtlpReceiver Receiver => _receiver!;

    internal FakeProvider Provider => _provider!;

    internal HttpClient Http => _platform!.Http;

    public async ValueTask InitializeAsync()
    {
        _receiver = await OtlpReceiver.StartAsync();
        _provider = await FakeProvider.StartAsync();
        _platform = await Platform.StartAsync(
        [
            .. _receiver.Settings("grpc"), .. _provider.Environment(), ("Models__Load__1", ChatPlatform.Model),
            ("Models__ParallelRuns", "1"), ("Answers__Timeout", "00:01:00"),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_platform is not null) await _platform.DisposeAsync();
        if (_provider is not null) await _provider.DisposeAsync();
        if (_receiver is not null) await _receiver.DisposeAsync();
    }
}
