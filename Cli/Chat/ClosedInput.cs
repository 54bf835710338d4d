namespace AiPlatform.Cli.Chat;

/// <summary>Finds out whether the program was started with a closed standard input, as <c>&lt;&amp;-</c> of a shell does.</summary>
internal static class ClosedInput
{
    private const string Descriptors = "/proc/self/fd";

    /// <summary>
    /// Whether it was closed. .NET itself then opens a pipe that gets the number of standard input, and reading it never ends. Both ends of
    /// such a pipe are in this process. Linux only: elsewhere it is false.
    /// </summary>
    public static bool IsIt()
    {
        if (!Directory.Exists(Descriptors)) return false;
        if (TargetOf($"{Descriptors}/0") is not { } input) return true;
        return input.StartsWith("pipe:", StringComparison.Ordinal)
            && Directory.GetFiles(Descriptors).Count(descriptor => TargetOf(descriptor) == input) > 1;
    }

    private static string? TargetOf(string descriptor) => new FileInfo(descriptor).LinkTarget;
}
