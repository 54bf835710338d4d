using System.Text;

namespace AiPlatform.Cli;

/// <summary>
/// Writes to standard output or standard error, which may be closed or on a full disk. A failure of standard output is an
/// <see cref="OutputException"/>, which nobody takes for one of the Gateway's connections. A failure of standard error is ignored: there
/// is no place left to say it.
/// </summary>
/// <param name="open">Opens what is written to at the first write, since opening one that is closed fails, too.</param>
/// <param name="isOutput">Whether it is standard output.</param>
internal sealed class GuardedWriter(Func<Stream> open, bool isOutput) : TextWriter
{
    private const int Utf8 = 65_001;

    private TextWriter? _inner;

    /// <summary>The machine's, without a mark at the beginning of the output.</summary>
    public override Encoding Encoding { get; } = Console.OutputEncoding is { CodePage: not Utf8 } other
        ? other : new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Guards both. A terminal is left as it is.</summary>
    public static void Install()
    {
        if (Console.IsOutputRedirected) Console.SetOut(new GuardedWriter(Console.OpenStandardOutput, isOutput: true));
        if (Console.IsErrorRedirected) Console.SetError(new GuardedWriter(Console.OpenStandardError, isOutput: false));
    }

    public override void Write(char value) => Do(inner => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Do(inner => inner.Write(buffer, index, count));

    public override void Write(string? value) => Do(inner => inner.Write(value));

    public override void Flush() => Do(inner => inner.Flush());

    private void Do(Action<TextWriter> write)
    {
        try
        {
            write(_inner ??= new StreamWriter(open(), Encoding) { AutoFlush = true });
        }
        catch (Exception lost) when (lost is IOException or UnauthorizedAccessException)
        {
            // One that is closed is said in the inner exception.
            var why = (lost.InnerException ?? lost).Message;
            if (isOutput) throw new OutputException($"Standard output cannot be written to: {why}.", lost);
        }
    }
}

/// <summary>Standard output cannot be written to. The message says why.</summary>
internal sealed class OutputException(string message, Exception cause) : Exception(message, cause);
