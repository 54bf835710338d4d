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
internal sealed class ComposeDeployment(ModelFacts facts, string folder, PipelineStepContext step)
{
    private const string Docker = "docker";

    private string Compose => Path.Combine(folder, "compose");

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
            + $"The files are in {folder}; docs/deploy.md says how to deploy them elsewhere.");
    }

    /// <summary>The first line of what a program said, which ends with a full stop.</summary>
    private static string Sentence(string said) => said.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd().TrimEnd('.') + ".";

    /// <summary>Only this user may read them then.</summary>
    private async Task FillSecretsAsync()
    {
        var environment = Path.Combine(Compose, ".env");
        var text = await File.ReadAllTextAsync(environment, step.CancellationToken);
        text = PublishedFiles.SetVariable(text, "OPERATOR_KEY_SHA256", await ValueAsync(facts.OperatorKeySha256));
        if (facts.RedisPassword is { } password) text = PublishedFiles.SetVariable(text, "REDIS_PASSWORD", await ValueAsync(password));
        await WriteSecretAsync(environment, text);

        var gateway = Path.Combine(Compose, "gateway.env");
        text = await File.ReadAllTextAsync(gateway, step.CancellationToken);
        foreach (var (name, parameter) in facts.GatewaySecrets) text = PublishedFiles.SetVariable(text, name, await ValueAsync(parameter));
        await WriteSecretAsync(gateway, text);
    }

    private async Task<string> ValueAsync(ParameterResource parameter) =>
        await parameter.GetValueAsync(step.CancellationToken) is { Length: > 0 } value
            ? value
            : throw new DistributedApplicationException($"The parameter {parameter.Name} has no value (Parameters__{parameter.Name}).");

    private async Task WriteSecretAsync(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new StreamWriter(path, options);
        await file.WriteAsync(text.AsMemory(), step.CancellationToken);
    }

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
