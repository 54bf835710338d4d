using AiPlatform.Cli.Chat;

namespace AiPlatform.Cli;

/// <summary><c>./ai models</c> and <c>./ai chat</c>, which call a Gateway.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var (wanted, misuse) = CliArguments.Parse(args, Environment.GetEnvironmentVariable(CliArguments.UrlVariable));
        var screen = new Screen();
        if (wanted is null)
        {
            screen.Error($"{misuse}\n'./ai help {(args.Length > 0 ? args[0] : "")}' shows the usage.");
            return 2;
        }

        using var gateway = new GatewayApi(wanted.Gateway);
        return wanted is ChatArguments chat
            ? await new ChatCommand(chat, gateway, screen).RunAsync()
            : await new ModelsCommand((ModelsArguments)wanted, gateway, screen).RunAsync();
    }
}
