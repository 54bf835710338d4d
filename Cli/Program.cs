using AiPlatform.Cli.Chat;

namespace AiPlatform.Cli;

/// <summary><c>./ai models</c> and <c>./ai chat</c>, which call a Gateway on this machine, and <c>./ai key</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var (wanted, misuse) = CliArguments.Parse(args);
        var screen = new Screen();
        if (wanted is null)
        {
            screen.Error($"{misuse}\n'./ai help {(args.Length > 0 ? args[0] : "")}' shows the usage.");
            return 2;
        }

        if (wanted is KeyArguments key) return await new KeyCommand(key).RunAsync();
        using var gateway = new GatewayApi(wanted.Port);
        return wanted is ChatArguments chat
            ? await new ChatCommand(chat, gateway, screen).RunAsync()
            : await new ModelsCommand((ModelsArguments)wanted, gateway, screen).RunAsync();
    }
}
