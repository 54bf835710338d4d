#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004 // For evaluation in this version; nothing else publishes or deploys.
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace AiPlatform.AppHost.Publishing;

/// <summary>
/// The steps of <c>aspire publish</c> and <c>aspire deploy</c>. The files of <c>deploy/</c> are written by hand
/// (docs/decisions/2026-11-25-deployment-files.md); publishing copies them, filled in from the model.
/// </summary>
internal static class DeployFiles
{
    public const string PublishStep = "publish-deploy-files";
    public const string ComposeStep = "deploy-compose";

    extension(IDistributedApplicationBuilder builder)
    {
        public void AddDeployFiles(HostSettings settings, ProjectResource gateway, ProjectResource inference)
        {
            builder.Pipeline.AddStep(new PipelineStep
            {
                Name = PublishStep,
                Description = "Writes deploy/ for Docker Compose, Helm and azd, filled in from the model.",
                RequiredBySteps = [WellKnownPipelineSteps.Publish],
                Action = step => RunAsync(async () => await WriteAsync(step, await FactsAsync(step, settings, gateway, inference))),
            });
            builder.Pipeline.AddStep(new PipelineStep
            {
                Name = ComposeStep,
                Description = "Builds the images, and brings the published system up with Docker Compose on this machine.",
                DependsOnSteps = [PublishStep, WellKnownPipelineSteps.DeployPrereq],
                RequiredBySteps = [WellKnownPipelineSteps.Deploy],
                Action = step => RunAsync(async () => await new ComposeDeployment(
                    await FactsAsync(step, settings, gateway, inference), Folder(step), step).RunAsync()),
            });
        }
    }

    /// <summary>The host ends with exit code 0 when a step fails, which scripts would take for a success.</summary>
    private static async Task RunAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch
        {
            Environment.ExitCode = 1;
            throw;
        }
    }

    private static PublishedFolder Folder(PipelineStepContext step) =>
        new(step.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory());

    private static Task<ModelFacts> FactsAsync(
        PipelineStepContext step, HostSettings settings, ProjectResource gateway, ProjectResource inference) =>
        ModelFacts.ReadAsync(settings, gateway, inference, step.Model, step.ExecutionContext, step.CancellationToken);

    private static async Task WriteAsync(PipelineStepContext step, ModelFacts facts)
    {
        var folder = Folder(step);
        var files = new PublishedFiles(facts, folder);
        foreach (var (kind, write, next) in ((string, Action, string)[])
            [
                ("compose", files.WriteCompose, $"fill in {PublishedFiles.ComposeVariables} and {PublishedFiles.GatewayVariables}, then "
                    + $"'docker compose -f {Path.Combine(folder.Path, "compose", "compose.yaml")} up -d'; or run the step {ComposeStep}"),
                ("helm", files.WriteHelm, $"'helm upgrade --install ai {Path.Combine(folder.Path, "helm")} "
                    + $"-f {Path.Combine(folder.Path, "helm", "values.model.yaml")} --set operatorKeySha256=…'"),
                ("azure", files.WriteAzure, $"'azd up' in {folder.Path}"),
            ])
        {
            var task = await step.ReportingStep.CreateTaskAsync($"Writing {kind}/", step.CancellationToken);
            await using (task)
            {
                write();
                var said = $"{Path.Combine(folder.Path, kind)} is written. Next: {next}.";
                HostLog.Published(step.Logger, said);
                step.Summary.Add(kind, said);
                await task.CompleteAsync(said, cancellationToken: step.CancellationToken);
            }
        }

        SayKept(step, folder);
        step.Summary.Add("How to deploy them", "docs/deploy.md");
    }

    /// <summary>Says which files and variables stayed as somebody has left them.</summary>
    public static void SayKept(PipelineStepContext step, PublishedFolder folder)
    {
        foreach (var kept in folder.Kept)
        {
            HostLog.Published(step.Logger, kept);
            step.Summary.Add("Kept", kept);
        }
    }
}
