namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>
/// The slot of one of the calls that a provider may have in flight. Disposing gives it back; disposing again does nothing.
/// </summary>
internal sealed class ProviderSlot(Provider provider) : IDisposable
{
    private Provider? _provider = provider;

    public void Dispose() => Interlocked.Exchange(ref _provider, null)?.Leave();
}

/// <summary>A result whose call goes on beyond the attempt that it came of, as a stream's does: the slot is its own from then on.</summary>
internal interface IKeepsSlot
{
    /// <summary>Called once, when the attempt has succeeded. Disposing the result gives the slot back.</summary>
    void Keep(ProviderSlot slot);
}
