using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using AiPlatform.Cli.Chat;
using AiPlatform.Cli.Doctor;
using AiPlatform.Cli.Jobs;
using AiPlatform.Gateway.Callers;

namespace AiPlatform.Cli;

/// <summary>
/// The tool <c>aiplatform</c>, whose commands talk to a running system. <c>./ai</c> runs the same program for its commands of these names.
/// </summary>
internal static class Program
{
    /// <summary>How the program is called, where this is not <c>aiplatform</c>; <c>./ai</c> sets it.</summary>
    private const string NameVariable = "AI_COMMAND";

    /// <summary>How a checkout calls it.</summary>
    private const string ShellName = "./ai";

    /// <summary>How the program is called.</summary>
    public static string Name { get; } = Environment.GetEnvironmentVariable(NameVariable) is { Length: > 0 } name ? name : "aiplatform";

    /// <summary>What starts a system. An installed program has no <c>./ai</c> beside it.</summary>
    public static string StartHint => Name == ShellName ? "'./ai up'" : "'./ai up' in a checkout of AiPlatform";

    /// <returns>0; 1 when something could not be done; 2 for a wrong command line.</returns>
    public static async Task<int> Main(string[] args)
    {
        GuardedWriter.Install();
        var screen = new Screen();
        try
        {
            return await RunAsync(args, screen);
        }
        catch (OutputException lost)
        {
            screen.Error(lost.Message);
            return 1;
        }
    }

    private static async Task<int> RunAsync(string[] args, Screen screen)
    {
        if (args is ["key", .. var rest]) return new KeyCommand(Console.Out, Console.Error, TimeProvider.System, Name).Run(rest);

        // An argument that begins with @ is no file of arguments, and '-ab' is not '-a -b'.
        var parsed = Commands(screen).Parse(
            args.Length > 0 ? args : ["--help"],
            new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0 && parsed.Action is null or ParseErrorAction)
        {
            screen.Error($"{MisuseOf(parsed)}\n'{PathOf(parsed.CommandResult.Command)} --help' shows the usage.");
            return 2;
        }

        // Ctrl-C is the commands' own.
        return await parsed.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static Command Commands(Screen screen)
    {
        var gateway = new GatewayChoice();
        return new Command(Name, "Talks to a running AiPlatform system. Where its Gateway has API keys, AI_API_KEY has the caller's.")
        {
            ModelsCommand.Create(gateway, screen),
            ChatCommand.Create(gateway, screen),
            JobsCommands.Create(gateway, screen),
            new Command("key", $"Makes an API key, and the settings that let it in; '{Name} key --help' shows the usage."),
            DoctorCommand.Create(gateway, screen),
            new HelpOption(),
            new VersionOption(),
        };
    }

    /// <summary>What is wrong. A word that is no command says more than that the command is missing, which comes first.</summary>
    private static string MisuseOf(ParseResult parsed) => (parsed.UnmatchedTokens is [var unknown, ..]
        ? parsed.Errors.FirstOrDefault(error => error.Message.Contains(unknown, StringComparison.Ordinal))
        : null)?.Message ?? parsed.Errors[0].Message;

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : command.Name;
}
