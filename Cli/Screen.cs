using System.Text;
using Spectre.Console;

namespace AiPlatform.Cli;

/// <summary>
/// Writes answers to standard output, and everything else to standard error. One that is not a terminal gets plain text. Control
/// characters that a Gateway or a model sends are removed, so that they cannot control the terminal.
/// </summary>
internal sealed class Screen
{
    /// <summary>The width for files and pipes, so large that no line is wrapped.</summary>
    private const int NoWidth = 100_000;

    private readonly IAnsiConsole _notes = ConsoleOn(Console.Error, Console.IsErrorRedirected);

    /// <summary>The console for tables.</summary>
    public IAnsiConsole Answers { get; } = ConsoleOn(Console.Out, Console.IsOutputRedirected);

    /// <summary>Writes a line that is not part of an answer.</summary>
    public void Note(string text) => _notes.MarkupLine($"[grey]{Markup.Escape(Printable(text))}[/]");

    /// <summary>Writes the prompt for the next line.</summary>
    public void Prompt() => _notes.Markup("[bold]> [/]");

    public void Error(string text) => _notes.MarkupLine($"[red]error:[/] {Markup.Escape(Printable(text))}");

    /// <summary>Writes a piece of an answer.</summary>
    public static void Say(string text)
    {
        Console.Out.Write(Printable(text));
        Console.Out.Flush();
    }

    /// <summary>Removes control characters except tabs and line ends.</summary>
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
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) };
        if (!isRedirected) return AnsiConsole.Create(settings);

        // Without this Spectre.Console takes some build servers for terminals, by their environment variables.
        (settings.Ansi, settings.ColorSystem) = (AnsiSupport.No, ColorSystemSupport.NoColors);
        settings.Enrichment.UseDefaultEnrichers = false;
        var console = AnsiConsole.Create(settings);
        console.Profile.Width = NoWidth;
        return console;
    }
}
