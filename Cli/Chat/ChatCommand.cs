using System.CommandLine;
using System.Globalization;
using OpenAI.Chat;

namespace AiPlatform.Cli.Chat;

/// <summary><c>chat</c>: reads lines, sends each to the model with the chat so far, and prints the answers.</summary>
internal sealed class ChatCommand(ChatArguments arguments, GatewayApi gateway, Screen screen)
{
    private const string Help = """
        /system TEXT   sets the system message; without TEXT, removes it
        /model NAME    switches to another model; without NAME, shows the current one
        /clear         starts a new chat
        /help          shows this text
        /exit          ends the program, as Ctrl-D does
        Ctrl-C stops an answer; at the prompt it ends the program.
        """;

    private readonly StreamedAnswer _answers = new(gateway, arguments);
    private readonly List<ChatMessage> _said = [];
    private string? _system = arguments.System;
    private string _model = "";
    private bool _hasFailed;

    public static Command Create(GatewayChoice choice, Screen screen)
    {
        var model = CommandOptions.Text(
            "--model", "NAME", $"The model (default: the first that can chat; '{Program.Name} models' lists them)");
        var system = CommandOptions.Text("--system", "TEXT", "The system message");
        var tokens = CommandOptions.Number(
            "--max-tokens", 1, int.MaxValue, "N", "Most tokens of an answer (default: as many as the model's context has room for)");
        var temperature = Temperature();
        var command = new Command(
            "chat",
            "Chats with a model, line by line, in a terminal or from a pipe. Ctrl-C stops an answer; /help lists more.")
        {
            model, system, tokens, temperature,
        };
        choice.AddTo(command);
        command.SetAction(async parsed =>
        {
            var arguments = new ChatArguments
            {
                Model = parsed.GetValue(model),
                System = parsed.GetValue(system),
                MaxTokens = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
            };
            using var gateway = choice.Open(parsed);
            return await new ChatCommand(arguments, gateway, screen).RunAsync();
        });
        return command;
    }

    private static Option<float?> Temperature() => new("--temperature")
    {
        Description = "0 to 2; 0 always gives the same answer (default: 1)",
        HelpName = "T",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (float.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= 2)
                return value;
            result.AddError($"--temperature takes a number from 0 to 2, not '{text}'.");
            return null;
        },
    };

    /// <returns>The exit code: 1 when there is no model to ask, or when a line from a pipe got no answer; else 0.</returns>
    public async Task<int> RunAsync()
    {
        if (await ChooseAsync(arguments.Model) is { } problem)
        {
            screen.Error(problem);
            return 1;
        }

        var isTyped = !Console.IsInputRedirected;
        if (!isTyped && ClosedInput.IsIt()) return 0;
        if (isTyped) screen.Note($"{_model} at {gateway.Place}; /help lists the commands.");
        using var interrupts = new Interrupts();
        while (true)
        {
            if (isTyped) screen.Prompt();
            if (await Task.Run(Console.ReadLine) is not { } line) break;

            line = line.Trim();
            if (line.Length == 0) continue;
            if (line is "/exit" or "/quit") return Code(isTyped);
            if (line[0] == '/') await ObeyAsync(line);
            else await AnswerAsync(line, interrupts);
        }

        if (isTyped) screen.Note("");
        return Code(isTyped);
    }

    private int Code(bool isTyped) => !isTyped && _hasFailed ? 1 : 0;

    private async Task AnswerAsync(string line, Interrupts interrupts)
    {
        _said.Add(new UserChatMessage(line));
        List<ChatMessage> messages = _system is null ? [.. _said] : [new SystemChatMessage(_system), .. _said];
        var end = await interrupts.RunAsync(ends => _answers.SayAsync(_model, messages, ends));
        if (end.Text.Length > 0) Screen.Say("\n");
        // An incomplete answer stays in the chat. A question without any answer is removed from it.
        if (end.Text.Length > 0) _said.Add(new AssistantChatMessage(end.Text));
        else _said.RemoveAt(_said.Count - 1);
        if (end.Problem is not { } problem)
        {
            screen.Note($"[{end.Summary}]");
            return;
        }

        _hasFailed = true;
        screen.Error(problem);
    }

    private async Task ObeyAsync(string line)
    {
        var (command, rest) = line.Split(' ', 2) is [var name, var text] ? (name, text.Trim()) : (line, "");
        switch (command)
        {
            case "/system":
                _system = rest.Length > 0 ? rest : null;
                screen.Note(_system is null ? "The chat has no system message." : "The system message is set.");
                break;
            case "/model" when rest.Length == 0:
                screen.Note(_model);
                break;
            case "/model":
                if (await ChooseAsync(rest) is { } problem) Fail(problem);
                else screen.Note($"The model is {_model} now.");
                break;
            case "/clear":
                _said.Clear();
                screen.Note("A new chat begins.");
                break;
            case "/help":
                screen.Note(Help);
                break;
            default:
                Fail($"There is no command '{command}'; /help lists the commands.");
                break;
        }
    }

    private void Fail(string problem)
    {
        _hasFailed = true;
        screen.Error(problem);
    }

    /// <summary>Chooses the named model, or the first one that can chat without a name.</summary>
    /// <returns>Why no model could be chosen; null when one was chosen.</returns>
    private async Task<string?> ChooseAsync(string? name)
    {
        var (answer, problem) = await gateway.ListModelsAsync();
        if (answer is not var (_, list)) return problem;

        var models = list.Data!;
        var able = models.Where(model => model.MayChat).ToList();
        var names = able.Count > 0 ? string.Join(", ", able.Select(model => model.Id)) : "none";
        if (name is not null)
        {
            var wanted = models.FirstOrDefault(model => model.Id == name);
            if (wanted is null) return $"There is no model '{name}'. Models that can chat: {names}.";
            if (!wanted.IsForChats) return $"The model '{name}' does {wanted.Task}, not chats. Models that can chat: {names}.";
            _model = name;
            return null;
        }

        // The task of a worker's model is known, that of a provider's model is not. So a worker's model comes first.
        if ((able.Find(model => model.Task is not null) ?? able.FirstOrDefault()) is not { } first)
            return $"The Gateway serves no model that can chat; '{Program.Name} models' lists the models.";
        _model = first.Id;
        return null;
    }
}

/// <summary>The options of <c>chat</c>.</summary>
internal sealed record ChatArguments
{
    /// <summary>The model's name; null for the first model that can chat.</summary>
    public string? Model { get; init; }

    /// <summary>The system message.</summary>
    public string? System { get; init; }

    /// <summary>Most tokens of an answer; null for as many as the model's context has room for.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Null for the model's default.</summary>
    public float? Temperature { get; init; }
}
