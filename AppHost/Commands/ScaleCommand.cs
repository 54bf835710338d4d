using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.AppHost.Commands;

/// <summary>
/// The dashboard's command that changes how many workers run. Aspire fixes the replicas of a resource when it starts, so the workers are
/// all there from the beginning, and those that are not needed are not started, or drained.
/// </summary>
internal static class ScaleCommand
{
    /// <summary>The worker's resource, and that of the workers which are not started with the system.</summary>
    private static readonly string[] Resources = ["inference", "inference-spare"];

    /// <summary>How long the replicas' states may take to be known. All of them are told when the watch begins.</summary>
    private static readonly TimeSpan StatesBound = TimeSpan.FromSeconds(10);

    extension(IResourceBuilder<ProjectResource> worker)
    {
        /// <summary>Adds the command.</summary>
        /// <param name="most">Replicas of both resources together.</param>
        public IResourceBuilder<ProjectResource> WithScaleCommand(int most) => worker.WithCommand(
            "scale",
            "Scale workers",
            context => ScaleAsync(context, most),
            new CommandOptions
            {
                Description = "Starts workers, or drains the last ones, until so many run.",
                IconName = "TopSpeed",
                Arguments =
                [
                    new InteractionInput
                    {
                        Name = "workers",
                        Label = string.Create(CultureInfo.InvariantCulture, $"Workers, 1 to {most}"),
                        Description = "Inference:MaxReplicas sets the most, when AppHost starts.",
                        InputType = InputType.Number,
                        Required = true,
                    },
                ],
            });
    }

    private static async Task<ExecuteCommandResult> ScaleAsync(ExecuteCommandContext context, int most)
    {
        var given = context.Arguments.GetString("workers")?.Trim();
        if (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) || wanted < 1 || wanted > most)
            return CommandResults.Failure(Said($"'{given}' is not a number from 1 to {most} (Inference:MaxReplicas)."));

        var replicas = await ReplicasAsync(context, most);
        var running = replicas.Where(replica => IsRunning(replica.Snapshot)).ToList();
        var tasks = wanted >= running.Count
            ? replicas.Except(running).Take(wanted - running.Count).Select(replica => StartAsync(context, replica.ResourceId))
            : running.Skip(wanted).Select(replica => WorkerCommands.DrainAsync(context, replica.ResourceId));
        var results = await Task.WhenAll(tasks);
        var failed = results.Where(result => !result.Success).Select(result => result.Message).ToList();
        if (failed.Count > 0) return CommandResults.Failure(string.Join(' ', failed));
        return CommandResults.Success(
            results.Length == 0 ? Said($"{wanted} of {most} workers run already.")
            : Said($"{results.Length} {(wanted > running.Count ? "started" : "drained")}: {wanted} of {most} workers run."));
    }

    private static Task<ExecuteCommandResult> StartAsync(ExecuteCommandContext context, string replica) =>
        context.Services.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync(
            replica, KnownResourceCommands.StartCommand, context.CancellationToken);

    /// <summary>The replicas, those first that run from the beginning.</summary>
    private static async Task<List<ResourceEvent>> ReplicasAsync(ExecuteCommandContext context, int count)
    {
        var found = new Dictionary<string, ResourceEvent>(StringComparer.Ordinal);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        bound.CancelAfter(StatesBound);
        try
        {
            await foreach (var change in context.Services.GetRequiredService<ResourceNotificationService>().WatchAsync(bound.Token))
            {
                if (!Resources.Contains(change.Resource.Name)) continue;
                found[change.ResourceId] = change;
                if (found.Count == count) break;
            }
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            // Some have no state yet; the others can be scaled.
        }

        return [.. found.Values
            .OrderBy(one => one.Resource.Name, StringComparer.Ordinal).ThenBy(one => one.ResourceId, StringComparer.Ordinal)];
    }

    private static bool IsRunning(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text is { } state && state != KnownResourceStates.NotStarted && !KnownResourceStates.TerminalStates.Contains(state);

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
