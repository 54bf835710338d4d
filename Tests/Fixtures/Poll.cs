using Xunit;

namespace AiPlatform.Tests.Fixtures;

/// <summary>Waits for a condition with a bound: the way to wait for anything in these tests.</summary>
internal static class Poll
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    public static Task UntilAsync(Func<bool> condition, string what, TimeSpan? bound = null) =>
        UntilAsync(() => Task.FromResult(condition()), what, bound);

    /// <param name="condition">What is waited for.</param>
    /// <param name="what">Describes the condition and the actual state, for the message when the wait fails.</param>
    /// <param name="bound">How long; a minute by default.</param>
    public static Task UntilAsync(Func<bool> condition, Func<string> what, TimeSpan? bound = null) =>
        UntilAsync(() => Task.FromResult(condition()), what, bound);

    public static Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? bound = null) =>
        UntilAsync(condition, () => what, bound);

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? bound = null)
    {
        try
        {
            await Waiting.UntilAsync(condition, what, bound ?? Bound, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException inVain)
        {
            Assert.Fail(inVain.Message);
        }
    }
}
