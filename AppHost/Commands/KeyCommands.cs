namespace AiPlatform.AppHost.Commands;

/// <summary>The dashboard's command that makes an API key.</summary>
internal static class KeyCommands
{
    private static readonly InteractionInput[] WhoseKey =
    [
        new InteractionInput
        {
            Name = "tenant",
            Label = "Tenant",
            Description = "Whose key it is, such as search: it sees its own jobs, and has its own usage and limits.",
            InputType = InputType.Text,
            Required = true,
            MaxLength = 64,
        },
        new InteractionInput
        {
            Name = "role",
            Label = "Role",
            InputType = InputType.Choice,
            Options = [new("user", "user"), new("operator", "operator: also sees and runs the queues of all tenants")],
            Value = "user",
        },
        new InteractionInput
        {
            Name = "expires",
            Label = "Expires",
            Description = "A day or a time to come (UTC).",
            InputType = InputType.Text,
            Placeholder = "never",
        },
    ];

    extension(IResourceBuilder<ProjectResource> gateway)
    {
        /// <summary>Adds the command; see <c>./ai key new</c>. The Gateway reads the new key while it runs.</summary>
        public IResourceBuilder<ProjectResource> WithKeyCommand(RunKeys keys) => gateway.WithCommand(
            "make-key",
            "Make an API key",
            context => MakeAsync(context, keys),
            new CommandOptions
            {
                Description = "Makes a key, and lets it in. From the first key on, every caller needs one.",
                IconName = "Key",
                Arguments = WhoseKey,
                UpdateState = CommandStates.WhenRunning,
            });
    }

    /// <summary>Runs the Gateway's own program, as <c>./ai key new</c> does, and lets in what it made.</summary>
    private static async Task<ExecuteCommandResult> MakeAsync(ExecuteCommandContext context, RunKeys keys)
    {
        var inputs = context.Arguments;
        var tenant = inputs.GetString("tenant")?.Trim() ?? "";
        List<string> arguments = ["key", "new", tenant, "--role", inputs.GetString("role") ?? "user"];
        if (inputs.GetString("expires") is { } expires && !string.IsNullOrWhiteSpace(expires))
            arguments.AddRange("--expires", expires.Trim());

        var (exitCode, said) = await BuiltProgram.RunAsync(
            "Gateway", arguments, new Dictionary<string, string>(), context.CancellationToken);
        if (exitCode != 0) return CommandResults.Failure(Reason(said));
        var lines = said.Split('\n', StringSplitOptions.TrimEntries);
        keys.LetIn(lines.Where(line => line.StartsWith(RunKeys.Prefix, StringComparison.Ordinal)).Select(line => line.Split('=', 2)));
        return CommandResults.Success(
            $"{tenant} has a key. Nobody can show it again.", lines.First(line => line.StartsWith("aip_", StringComparison.Ordinal)),
            CommandResultFormat.Text);
    }

    /// <summary>What is wrong, in the words of the fields: nobody here has typed the command line whose usage the program names.</summary>
    private static string Reason(string said)
    {
        const string Start = "error: ";
        var error = said.Split('\n', StringSplitOptions.TrimEntries).FirstOrDefault(
            line => line.StartsWith(Start, StringComparison.Ordinal))?[Start.Length..];
        return error?.Replace("--role", "Role", StringComparison.Ordinal).Replace("--expires", "Expires", StringComparison.Ordinal) ?? said;
    }
}
