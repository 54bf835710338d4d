namespace AiPlatform.Cli.Chat;

/// <summary>Finds out whether the program was started with a closed standard input, as <c>&lt;&amp;-</c> of a shell does.</summary>
internal static class ClosedInput
{
    private const string Descriptors = "/proc/self/fd";

    /// <summary>
    /// Whether it was closed. .NET itself then opens a pipe that gets the number of standard input, and reading it never ends, because this
    /// process holds the end to write to as well. Linux only: elsewhere it is false.
    /// </summary>
    public static bool IsIt()
    {
        if (!Directory.Exists(Descriptors)) return false;
        if (TargetOf($"{Descriptors}/0") is not { } input) return true;
        return input.StartsWith("pipe:", StringComparison.Ordinal)
            && Directory.GetFiles(Descriptors).Any(descriptor => TargetOf(descriptor) == input && IsWriteOnly(descriptor));
    }

    private static string? TargetOf(string descriptor) => new FileInfo(descriptor).LinkTarget;

    /// <summary>The last octal digit of a descriptor's flags says how it is open: 1 is O_WRONLY.</summary>
    private static bool IsWriteOnly(string descriptor) => File.ReadLines($"/proc/self/fdinfo/{Path.GetFileName(descriptor)}")
        .Any(line => line.StartsWith("flags:", StringComparison.Ordinal) && line.EndsWith('1'));
}
