using OpenAI.Chat;

namespace AiPlatform.Cli.Chat;

/// <summary><c>./ai chat</c>: reads lines, has each one answered, and remembers what was said.</summary>
internal sealed class ChatCommand(ChatArguments arguments, GatewayApi gateway, Screen screen)
{
    private const string Help = """
        /system TEXT   tells the model something before all else; without TEXT, nothing
        /model NAME    asks another model; without NAME, says which is asked
        /clear         begins anew
        /help          this text
        /exit          ends; so does Ctrl-D
        Ctrl-C ends an answer, and at the prompt the program.
        """;

    private readonly StreamedAnswer _answers = new(gateway, arguments);
    private readonly List<ChatMessage> _said = [];
    private string? _system = arguments.System;
    private string _model = "";
    private bool _hasFailed;

    /// <returns>1 where there is nobody to ask, or, of lines that nobody typed, one has no answer.</returns>
    public async Task<int> RunAsync()
    {
        if (await ChooseAsync(arguments.Model) is { } problem)
        {
            screen.Error(problem);
            return 1;
        }

        var isTyped = !Console.IsInputRedirected;
        if (isTyped) screen.Note($"{_model} at {gateway.Place}; /help says what there is.");
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
        // What was said stays in the chat, also where it has no end; what has no answer at all does not.
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
                screen.Note(_system is null ? "The model is told nothing before the chat." : "The model is told so from now on.");
                break;
            case "/model" when rest.Length == 0:
                screen.Note(_model);
                break;
            case "/model":
                if (await ChooseAsync(rest) is { } problem) Fail(problem);
                else screen.Note($"{_model} is asked from now on.");
                break;
            case "/clear":
                _said.Clear();
                screen.Note("The chat begins anew.");
                break;
            case "/help":
                screen.Note(Help);
                break;
            default:
                Fail($"There is no command '{command}': /help says what there is.");
                break;
        }
    }

    private void Fail(string problem)
    {
        _hasFailed = true;
        screen.Error(problem);
    }

    /// <summary>Chooses a model, or the first that can chat; what keeps from it is what it returns.</summary>
    private async Task<string?> ChooseAsync(string? name)
    {
        var (answer, problem) = await gateway.ListModelsAsync();
        if (answer is not var (_, models)) return problem;

        var able = models.Where(model => model.MayChat).ToList();
        var names = able.Count > 0 ? string.Join(", ", able.Select(model => model.Id)) : "none";
        if (name is not null)
        {
            var wanted = models.FirstOrDefault(model => model.Id == name);
            if (wanted is null) return $"There is no model '{name}'. Those that may chat: {names}.";
            if (!wanted.IsForChats) return $"The model '{name}' does {wanted.Task}, not chats. Those that may chat: {names}.";
            _model = name;
            return null;
        }

        // A worker's model says that it chats; of a provider's one has to try.
        if ((able.Find(model => model.Task is not null) ?? able.FirstOrDefault()) is not { } first)
            return "The Gateway serves no model that can chat: './ai models' says what there is.";
        _model = first.Id;
        return null;
    }
}
