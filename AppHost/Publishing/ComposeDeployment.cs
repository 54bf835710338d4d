#pragma warning disable ASPIREPIPELINES001 // For evaluation in this version; nothing else publishes or deploys.
using System.ComponentModel;
using System.Diagnostics;
using Aspire.Hosting.Pipelines;

namespace AiPlatform.AppHost.Publishing;

/// <summary>
/// Brings the published system up with Docker Compose on this machine: fills in the secrets, builds the images that have no name of their
/// own, and waits until everything is healthy.
/// </summary>
/// <param name="facts">What the model says.</param>
/// <param name="folder">The published files.</param>
/// <param name="step">The pipeline's step.</param>
internal sealed class ComposeDeployment(ModelFacts facts, PublishedFolder folder, PipelineStepContext step)
{
    private const string Docker = "docker";

    private string Compose => Path.Combine(folder.Path, "compose");

    /// <exception cref="DistributedApplicationException">Something is missing, or failed; the message says what.</exception>
    public async Task RunAsync()
    {
        await RequireDockerAsync();
        await FillSecretsAsync();
        if (facts.Settings.GatewayImage is null) await BuildAsync("Gateway");
        if (facts.Settings.WorkerImage is null) await BuildAsync("InferenceWorker", $"-p:Cuda={(facts.HasGpu ? "true" : "false")}");
        await DoAsync(
            "docker compose up", Docker,
            ["compose", "--file", "compose.yaml", .. (string[])(facts.HasGpu ? ["--file", "compose.gpu.yaml"] : []),
                "up", "--detach", "--wait", "--remove-orphans"]);
        step.Summary.Add("Gateway", $"http://127.0.0.1:{facts.Settings.GatewayPort ?? 8080}");
    }

    private async Task RequireDockerAsync()
    {
        var (code, said) = await RunAsync(Docker, ["compose", "version"]);
        if (code == 0) (code, said) = await RunAsync(Docker, ["info", "--format", "{{.ServerVersion}}"]);
        if (code == 0) return;
        throw new DistributedApplicationException(
            $"{DeployFiles.ComposeStep} needs Docker with Compose on this machine, and it does not answer: {Sentence(said)} "
            + $"The files are in {folder.Path}; docs/deploy.md says how to deploy them elsewhere.");
    }

    /// <summary>The first line of what a program said, which ends with a full stop.</summary>
    private static string Sentence(string said) => said.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd().TrimEnd('.') + ".";

    /// <summary>Fills in the parameters, except where somebody has filled in the file by hand.</summary>
    private async Task FillSecretsAsync()
    {
        List<(string Name, ParameterResource Parameter)> secrets = [("OPERATOR_KEY_SHA256", facts.OperatorKeySha256)];
        if (facts.RedisPassword is { } password) secrets.Add(("REDIS_PASSWORD", password));
        await FillAsync(PublishedFiles.ComposeVariables, secrets);
        await FillAsync(PublishedFiles.GatewayVariables, facts.GatewaySecrets);
        DeployFiles.SayKept(step, folder);
    }

    private async Task FillAsync(string file, IEnumerable<(string Name, ParameterResource Parameter)> secrets)
    {
        var (current, wanted) = (folder.CurrentVariables(file)!, folder.LastVariables(file)!);
        foreach (var (name, parameter) in secrets)
        {
            if (current[name] is { Length: > 0 } value && value != wanted[name]) continue;
            wanted.Set(name, await ValueAsync(parameter));
        }

        folder.WriteVariables(wanted, file);
    }

    private async Task<string> ValueAsync(ParameterResource parameter) =>
        await parameter.GetValueAsync(step.CancellationToken) is { Length: > 0 } value
            ? value
            : throw new DistributedApplicationException($"The parameter {parameter.Name} has no value (Parameters__{parameter.Name}).");

    private Task BuildAsync(string program, params string[] more) => DoAsync(
        $"Building the image of {program}", "dotnet",
        ["publish", Path.Combine(facts.Settings.Repository, program), "-c", "Release", "-r", "linux-x64", "-t:PublishContainer", .. more]);

    private async Task DoAsync(string what, string program, string[] arguments)
    {
        var task = await step.ReportingStep.CreateTaskAsync(what, step.CancellationToken);
        await using (task)
        {
            var (code, said) = await RunAsync(program, arguments);
            if (code != 0)
            {
                await task.CompleteAsync($"{what} failed.", CompletionState.CompletedWithError, step.CancellationToken);
                throw new DistributedApplicationException($"{what} ended with exit code {code}: {said}");
            }

            await task.CompleteAsync($"{what}: done.", cancellationToken: step.CancellationToken);
        }
    }

    /// <summary>Runs a program in the folder of the files; its output goes to the step's log.</summary>
    private async Task<(int Code, string Said)> RunAsync(string program, string[] arguments)
    {
        try
        {
            return await ProgramRun.RunAsync(
                new ProcessStartInfo(program, arguments) { WorkingDirectory = Compose },
                line => HostLog.ProgramSaid(step.Logger, program, line), step.CancellationToken);
        }
        catch (Win32Exception missing)
        {
            return (-1, missing.Message);
        }
    }
}
