using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.AppHost.Commands;

/// <summary>The dashboard's commands of a worker: it is drained, and models are added to the folder that all workers serve.</summary>
internal static class WorkerCommands
{
    /// <summary>Longer than a worker takes to finish what it runs (20 s) and to end (28 s).</summary>
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(35);

    private static readonly InteractionInput[] WhichModel =
    [
        new InteractionInput
        {
            Name = "folder",
            Label = "Folder",
            Description = "A folder on this machine as Hugging Face has it, with an ONNX file; also one in its cache.",
            InputType = InputType.Text,
            Required = true,
        },
        new InteractionInput { Name = "name", Label = "Name", InputType = InputType.Text, Placeholder = "the folder's" },
        new InteractionInput
        {
            Name = "link",
            Label = "Link its files instead of copying them",
            InputType = InputType.Boolean,
            Value = "false",
        },
        new InteractionInput
        {
            Name = "replace",
            Label = "Replace a model of this name",
            InputType = InputType.Boolean,
            Value = "false",
        },
    ];

    extension(IResourceBuilder<ProjectResource> worker)
    {
        /// <summary>Adds the commands.</summary>
        public IResourceBuilder<ProjectResource> WithWorkerCommands(HostSettings settings)
        {
            worker.WithCommand(
                "add-model",
                "Add a model",
                context => AddModelAsync(context, settings),
                new CommandOptions
                {
                    Description = "Reads a folder, runs the model once, and adds it to the models; all workers load it within seconds.",
                    IconName = "AddSquare",
                    Arguments = WhichModel,
                });
            return worker.WithDrainCommand();
        }

        /// <summary>Adds the command that ends a worker in good order. There is no signal for it on Windows.</summary>
        public IResourceBuilder<ProjectResource> WithDrainCommand() => OperatingSystem.IsWindows()
            ? worker
            : worker.WithCommand(
                "drain",
                "Drain",
                context => DrainAsync(context, context.ResourceName),
                new CommandOptions
                {
                    Description = "The worker takes no new jobs, finishes what it runs, gives the rest back, and ends. "
                        + "Start starts it again.",
                    ConfirmationMessage = "Drain this worker, and end it?",
                    IconName = "DrinkToGo",
                    UpdateState = CommandStates.WhenRunning,
                });
    }

    /// <summary>Runs the worker's own program, as <c>./ai model add</c> does.</summary>
    private static async Task<ExecuteCommandResult> AddModelAsync(ExecuteCommandContext context, HostSettings settings)
    {
        var inputs = context.Arguments;
        List<string> arguments = ["model", "add", inputs.GetString("folder")?.Trim() ?? ""];
        if (inputs.GetString("name") is { } name && !string.IsNullOrWhiteSpace(name)) arguments.AddRange("--name", name.Trim());
        foreach (var option in (string[])["link", "replace"])
            if (bool.TryParse(inputs.GetString(option), out var isOn) && isOn) arguments.Add($"--{option}");

        var (exitCode, said) = await BuiltProgram.RunAsync(
            "InferenceWorker", arguments, new Dictionary<string, string> { ["Models__Path"] = settings.ModelsPath },
            context.CancellationToken);
        return exitCode == 0
            ? CommandResults.Success("The model is added.", said, CommandResultFormat.Text) : CommandResults.Failure(said);
    }

    /// <summary>Sends SIGTERM to one replica, as an orchestrator does, and waits for its end.</summary>
    internal static async Task<ExecuteCommandResult> DrainAsync(ExecuteCommandContext context, string replica)
    {
        var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
        if (!notifications.TryGetCurrentState(replica, out var now) || ProcessOf(now.Snapshot) is not { } id)
            return CommandResults.Failure($"{replica} has no process.");

        using var kill = Process.Start("kill", ["-TERM", id]);
        await kill.WaitForExitAsync(context.CancellationToken);
        if (kill.ExitCode != 0) return CommandResults.Failure($"{replica} has ended already.");
        try
        {
            await notifications.WatchAsync(context.CancellationToken)
                .Where(change => change.ResourceId == replica && HasEnded(change.Snapshot))
                .FirstAsync(context.CancellationToken).AsTask().WaitAsync(DrainBound, TimeProvider.System, context.CancellationToken);
        }
        catch (TimeoutException)
        {
            return CommandResults.Failure(
                string.Create(CultureInfo.InvariantCulture, $"{replica} has not ended within {DrainBound.TotalSeconds} s."));
        }

        return CommandResults.Success($"{replica} is drained, and has ended.");
    }

    private static string? ProcessOf(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value?.ToString();

    private static bool HasEnded(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text is { } state && KnownResourceStates.TerminalStates.Contains(state);
}
