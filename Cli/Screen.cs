using System.Text;
using Spectre.Console;

namespace AiPlatform.Cli;

/// <summary>
/// What people see: answers on standard output, all else on standard error. Where one of them is no terminal, what goes there is plain.
/// Nothing that a Gateway or a model says steers the terminal.
/// </summary>
internal sealed class Screen
{
    /// <summary>Whoever reads a file or a pipe has no width: lines stay whole.</summary>
    private const int NoWidth = 100_000;

    private readonly IAnsiConsole _notes = ConsoleOn(Console.Error, Console.IsErrorRedirected);

    /// <summary>For tables.</summary>
    public IAnsiConsole Answers { get; } = ConsoleOn(Console.Out, Console.IsOutputRedirected);

    /// <summary>A line for people, beside the answers.</summary>
    public void Note(string text) => _notes.MarkupLine($"[grey]{Markup.Escape(Printable(text))}[/]");

    /// <summary>What asks for the next line.</summary>
    public void Prompt() => _notes.Markup("[bold]> [/]");

    public void Error(string text) => _notes.MarkupLine($"[red]error:[/] {Markup.Escape(Printable(text))}");

    /// <summary>A piece of an answer.</summary>
    public static void Say(string text)
    {
        Console.Out.Write(Printable(text));
        Console.Out.Flush();
    }

    /// <summary>The text without control characters, but tabs and line ends.</summary>
    public static string Printable(string text)
    {
        if (!text.Any(IsControl)) return text;

        var printable = new StringBuilder(text.Length);
        foreach (var character in text.Where(character => !IsControl(character))) printable.Append(character);
        return printable.ToString();
    }

    private static bool IsControl(char character) => char.IsControl(character) && character is not ('\n' or '\t');

    private static IAnsiConsole ConsoleOn(TextWriter writer, bool isRedirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (isRedirected) console.Profile.Width = NoWidth;
        return console;
    }
}
