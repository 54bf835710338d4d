using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.AppHost.Commands;

/// <summary>Commands of the Gateway for operators, in the dashboard.</summary>
internal static class QueueCommands
{
    private static readonly InteractionInput[] WhichQueue =
    [
        new InteractionInput { Name = "queue", Label = "Queue", InputType = InputType.Text, Placeholder = "all queues" },
    ];

    extension(IResourceBuilder<ProjectResource> gateway)
    {
        /// <summary>
        /// Adds commands that pause and resume queues, run dead letters again, and run a sample job; see <c>/v1/queues</c> and
        /// <c>/v1/jobs</c>.
        /// </summary>
        public IResourceBuilder<ProjectResource> WithQueueCommands(RunKeys keys) => gateway
            .WithQueueCommand(keys, "pause", "Pause leasing", "Pause", "Workers get no more jobs; new jobs are still accepted.")
            .WithQueueCommand(keys, "resume", "Resume leasing", "Play", "Workers are given jobs again.")
            .WithQueueCommand(
                keys, "requeue-dead", "Requeue dead letters", "ArrowClockwise", "Jobs that failed after all their attempts wait again.")
            .WithCommand(
                "sample-job",
                "Run a sample job",
                context => RunAsync(context, api => api.RunSampleJobAsync(context.CancellationToken), keys, gateway),
                new CommandOptions
                {
                    Description = "Embeds a sentence as a job, and shows the job.",
                    IconName = "Beaker",
                    UpdateState = CommandStates.WhenRunning,
                });

        private IResourceBuilder<ProjectResource> WithQueueCommand(
            RunKeys keys, string action, string name, string icon, string description) => gateway
            .WithCommand(
                action,
                name,
                context => RunAsync(
                    context, api => api.ChangeQueuesAsync(action, context.Arguments.GetString("queue"), context.CancellationToken),
                    keys, gateway),
                new CommandOptions
                {
                    Description = description,
                    IconName = icon,
                    Arguments = WhichQueue,
                    UpdateState = CommandStates.WhenRunning,
                });
    }

    private static async Task<ExecuteCommandResult> RunAsync(
        ExecuteCommandContext context,
        Func<GatewayApi, Task<CommandAnswer>> run,
        RunKeys keys,
        IResourceBuilder<ProjectResource> gateway)
    {
        using var http = context.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        http.BaseAddress = new Uri(gateway.GetEndpoint("http").Url);
        if (keys.Own is { } key) http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        try
        {
            var answer = await run(new GatewayApi(http));
            return CommandResults.Success(answer.Summary, answer.Json, CommandResultFormat.Json);
        }
        catch (HttpRequestException refused)
        {
            return CommandResults.Failure(refused.Message);
        }
    }
}
