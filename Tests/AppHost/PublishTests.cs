using System.Runtime.Versioning;
using System.Text.Json;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;
using static AiPlatform.Tests.Deploy.DeployFiles;

namespace AiPlatform.Tests.AppHost;

/// <summary>What <c>aspire publish</c> and <c>aspire deploy</c> do, as the CLI runs it.</summary>
public sealed class PublishTests
{
    private static readonly string[] Model =
    [
        "--Inference:Replicas=3", "--Gateway:Replicas=2", "--Gateway:Port=8085", "--Models:Device=cuda",
        "--Gateway:Image=registry.example.com/gateway:1.2", "--Inference:Image=registry.example.com/worker:1.2",
        "--Providers:openai:BaseUrl=https://api.openai.com/v1?a='b'", "--Providers:openai:ApiKey=", "--Models:gpt:Provider=openai",
    ];

    [Fact]
    public async Task Publish_FilesOfDeploy_AreFilledInFromTheModel()
    {
        var folder = await Published.RunAsync("deploy", [.. Step("publish"), .. Model]);

        var environment = File.ReadAllLines(Path.Combine(folder, "compose", ".env"));
        Assert.All(
            ["INFERENCE_REPLICAS=3", "MODELS_DEVICE=cuda", "GATEWAY_PORT=8085", "GATEWAY_IMAGE=registry.example.com/gateway:1.2",
                "INFERENCE_IMAGE=registry.example.com/worker:1.2", "OPERATOR_KEY_SHA256=", "REDIS_PASSWORD="],
            line => Assert.Contains(line, environment));
        Assert.Equal(
            ["Models__gpt__Provider=openai", "Providers__openai__ApiKey=",
                @"Providers__openai__BaseUrl='https://api.openai.com/v1?a=\'b\''"],
            File.ReadAllLines(Path.Combine(folder, "compose", "gateway.env")).Where(line => !line.StartsWith('#'))
                .Order(StringComparer.Ordinal));

        var values = Yaml(File.ReadAllText(Path.Combine(folder, "helm", "values.model.yaml")));
        Assert.Equal(
            ("2", "3", "1", "aiplatform-gateway", "https://api.openai.com/v1?a='b'"),
            (At<string>(values, "gateway", "replicas"), At<string>(values, "inference", "replicas"),
                At<string>(values, "inference", "gpus"), At<string>(values, "gateway", "envFromSecret"),
                At<string>(values, "gateway", "env", "Providers__openai__BaseUrl")));
        Assert.All(Leaves(values, ""), path => At<object?>(Yaml(Read("helm", "values.yaml")), path.Split('/')));

        using var parameters = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "azure", "main.parameters.json")));
        var azure = parameters.RootElement.GetProperty("parameters");
        Assert.Equal("${MIN_WORKERS=3}", azure.GetProperty("minWorkers").GetProperty("value").GetString());
        Assert.Equal(
            ["Models__gpt__Provider", "Providers__openai__BaseUrl"],
            azure.GetProperty("gatewaySettings").GetProperty("value").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        var azd = Yaml(File.ReadAllText(Path.Combine(folder, "azure.yaml")));
        Assert.Equal("azure", At<string>(azd, "infra", "path"));
        Assert.True(File.Exists(Path.Combine(folder, At<string>(azd, "services", "gateway", "project"), "Gateway.csproj")));
    }

    /// <summary>
    /// What nobody changed is as it is in <c>deploy/</c>. The image of one machine is left out: it is no deployment of this model.
    /// </summary>
    [Fact]
    public async Task Publish_OtherFiles_AreThoseOfDeploy()
    {
        var folder = await Published.RunAsync("deploy-others", Step("publish"));

        var files = Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file))
            .Where(file => Path.GetDirectoryName(file) != "all-in-one")
            .Where(file => Path.GetFileName(file) is not (".env" or ".env.example" or "gateway.env" or "main.parameters.json"));
        Assert.All(files, file => Assert.Equal(File.ReadAllText(Path.Combine(Folder, file)), File.ReadAllText(Path.Combine(folder, file))));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task DeployCompose_WithDocker_FillsInSecretsAndBringsItUp()
    {
        using var programs = new TemporaryFolder();
        Docker(programs, $"echo \"$*\" >>'{programs.Path}/calls'");

        var (folder, exitCode, said) = await Published.TryAsync(
            "deploy-compose", programs.Path,
            [.. Step("deploy-compose"), .. Model, "--Parameters:operator-key-sha256=91be", "--Parameters:openai-api-key=sk-1",
                "--Parameters:redis-password=sesame"]);

        Assert.True(exitCode == 0, said);
        Assert.Contains(
            "compose --file compose.yaml --file compose.gpu.yaml up --detach --wait --remove-orphans",
            File.ReadAllLines(Path.Combine(programs.Path, "calls")));
        var environment = Path.Combine(folder, "compose", ".env");
        Assert.All(["OPERATOR_KEY_SHA256=91be", "REDIS_PASSWORD=sesame"], line => Assert.Contains(line, File.ReadAllLines(environment)));
        Assert.Contains("Providers__openai__ApiKey=sk-1", File.ReadAllLines(Path.Combine(folder, "compose", "gateway.env")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(environment));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task DeployCompose_WithoutDocker_SaysSo()
    {
        using var programs = new TemporaryFolder();
        Docker(programs, "echo 'Cannot connect to the Docker daemon.' >&2; exit 1");

        var (_, exitCode, said) = await Published.TryAsync(
            "deploy-no-compose", programs.Path, [.. Step("deploy-compose"), "--Parameters:operator-key-sha256=91be"]);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("deploy-compose needs Docker with Compose on this machine", said, StringComparison.Ordinal);
        Assert.Contains("Cannot connect to the Docker daemon.", said, StringComparison.Ordinal);
    }

    private static string[] Step(string name) => ["--operation", "publish", "--step", name, "--output-path", "."];

    /// <summary>A program in the place of Docker.</summary>
    [UnsupportedOSPlatform("windows")]
    private static void Docker(TemporaryFolder folder, string script)
    {
        var program = Path.Combine(folder.Path, "docker");
        File.WriteAllText(program, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The paths of the values, without what is free to be named.</summary>
    private static IEnumerable<string> Leaves(Dictionary<object, object?> values, string path) => values.SelectMany(one =>
        one.Value is Dictionary<object, object?> inner && (string)one.Key != "env"
            ? Leaves(inner, $"{path}{one.Key}/") : [$"{path}{one.Key}"]);
}
