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
        Assert.Equal("registry.example.com/gateway:1.2", At<string>(azd, "services", "gateway", "image"));
        Assert.Equal("registry.example.com/worker:1.2", At<string>(azd, "services", "inference", "image"));
        Assert.DoesNotContain("..", File.ReadAllText(Path.Combine(folder, "azure.yaml")), StringComparison.Ordinal);
    }

    /// <summary>Without images azd builds them: the file leads to the sources, and says so.</summary>
    [Fact]
    public async Task Publish_NoImages_LeadsAzdToTheCheckout()
    {
        var folder = await Published.RunAsync("deploy-azd", Step("publish"));

        var azd = Yaml(File.ReadAllText(Path.Combine(folder, "azure.yaml")));
        Assert.True(File.Exists(Path.Combine(folder, At<string>(azd, "services", "gateway", "project"), "Gateway.csproj")));
        Assert.True(File.Exists(Path.Combine(folder, At<string>(azd, "services", "inference", "project"), "InferenceWorker.csproj")));
        var lines = File.ReadAllLines(Path.Combine(folder, "azure.yaml"));
        Assert.All(["Gateway:Image", "Inference:Image"], setting => Assert.Single(
            lines, line => line == $"    # azd builds the image from the sources there. {setting} names an image instead."));
    }

    [Fact]
    public async Task Publish_Twice_KeepsWhatSomebodyHasSetAndSaysSo()
    {
        const string Name = "deploy-twice";
        var folder = await Published.RunAsync(Name, [.. Step("publish"), .. Model]);
        Edit("compose/.env", ("REDIS_PASSWORD=", "REDIS_PASSWORD=sesame"), ("INFERENCE_REPLICAS=3", "INFERENCE_REPLICAS=5"));
        Edit("compose/gateway.env", ("Providers__openai__ApiKey=", "Providers__openai__ApiKey=sk-1\n# Ours\nLimits__RequestsPerMinute=60"));
        Edit("helm/values.yaml", ("gateway:", "# Ours\ngateway:"));
        Edit("azure/gateway.bicep", ("param", "// Ours\nparam"));
        var (values, bicep) = (Text("helm/values.yaml"), Text("azure/gateway.bicep"));

        var said = await Published.RunAgainAsync(
            Name,
            [.. Step("publish"), .. Model, "--Inference:Replicas=4", "--Gateway:Port=9090", "--Models:gpt:Provider=other",
                "--Providers:other:BaseUrl=http://127.0.0.1:1/v1", "--Providers:other:ApiKey="]);

        Assert.Equal(
            ["GATEWAY_PORT=9090", "INFERENCE_REPLICAS=5", "OPERATOR_KEY_SHA256=", "REDIS_PASSWORD=sesame"],
            Text("compose/.env").Split('\n').Where(line => line.Length > 0 && line[0] is not ('#' or 'M') && !line.Contains("IMAGE"))
                .Order(StringComparer.Ordinal));
        var gateway = Text("compose/gateway.env").Split('\n');
        Assert.All(
            ["Providers__openai__ApiKey=sk-1", "# Ours", "Limits__RequestsPerMinute=60", "Models__gpt__Provider=other",
                "# The parameter other-api-key.", "Providers__other__ApiKey=", "Providers__other__BaseUrl=http://127.0.0.1:1/v1"],
            line => Assert.Single(gateway, line));
        Assert.Equal((values, bicep), (Text("helm/values.yaml"), Text("azure/gateway.bicep")));
        Assert.Contains("replicas: 4", Text("helm/values.model.yaml"), StringComparison.Ordinal);
        Assert.All(
            [
                "compose/.env keeps what somebody has set: REDIS_PASSWORD, INFERENCE_REPLICAS.",
                "compose/.env: the model has other values of INFERENCE_REPLICAS; to take them, delete these lines, and publish.",
                "compose/gateway.env keeps what somebody has set: Providers__openai__ApiKey, Limits__RequestsPerMinute.",
                "helm/values.yaml is kept as somebody has changed it; the new one is .published/helm/values.yaml.",
                "azure/gateway.bicep is kept as somebody has changed it; the new one is .published/azure/gateway.bicep.",
            ],
            line => Assert.Contains(line, said, StringComparison.Ordinal));
        Assert.All(["sesame", "sk-1"], secret => Assert.DoesNotContain(secret, said, StringComparison.Ordinal));

        string Text(string file) => File.ReadAllText(Path.Combine(folder, file));

        void Edit(string file, params (string From, string To)[] changes)
        {
            var text = Text(file);
            foreach (var (from, to) in changes)
            {
                var at = text.IndexOf(from, StringComparison.Ordinal);
                Assert.True(at >= 0, $"{file} has no '{from}'.");
                text = text[..at] + to + text[(at + from.Length)..];
            }

            File.WriteAllText(Path.Combine(folder, file), text);
        }
    }

    [Fact]
    public async Task Publish_Ends_SaysWhatWasWrittenAndWhatIsNext()
    {
        var (folder, exitCode, said) = await Published.TryAsync("deploy-said", path: null, Step("publish"));

        Assert.True(exitCode == 0, said);
        Assert.All(
            [
                $"{folder}/compose is written. Next: fill in compose/.env and compose/gateway.env, then 'docker compose -f "
                    + $"{folder}/compose/compose.yaml up -d'",
                $"{folder}/helm is written. Next: 'helm upgrade --install ai {folder}/helm -f {folder}/helm/values.model.yaml --set ",
                $"{folder}/azure is written. Next: 'azd up' in {folder}.",
            ],
            line => Assert.Contains(line, said, StringComparison.Ordinal));
    }

    /// <summary>Neither the file that is copied nor that for the shell belongs into what is published.</summary>
    [Fact]
    public async Task Publish_FilesToFillIn_SaySoWithoutContradiction()
    {
        var folder = await Published.RunAsync("deploy-notes", Step("publish"));

        var environment = File.ReadAllText(Path.Combine(folder, "compose", ".env"));
        Assert.StartsWith("# Fill it in.", environment, StringComparison.Ordinal);
        Assert.All(
            ["Copy to .env", "instead of changing it"], text => Assert.DoesNotContain(text, environment, StringComparison.Ordinal));
        Assert.Contains("# Keys and passwords: openssl rand -hex 32", environment, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Publish_FilesForSecrets_AreForThisUserOnly()
    {
        var folder = await Published.RunAsync("deploy-modes", [.. Step("publish"), .. Model]);

        Assert.All(
            ["compose/.env", "compose/gateway.env", ".published/compose/.env", ".published/compose/gateway.env"],
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, file))));
    }

    [Theory]
    [InlineData("ApiKeys:team:Key", "ApiKeys:team:Key is no setting.")]
    [InlineData("ApiKeys:team:Keys:new:Secret", "ApiKeys:team:Keys:new:Secret is no setting.")]
    [InlineData("ApiKeys:team", "ApiKeys:team is no setting.")]
    [InlineData("ApiKeys:team:Sha256", "ApiKeys:team:Sha256 must be the SHA-256 of a key as 64 hex digits")]
    [InlineData("Providers:openai:Token", "Providers:openai:Token is no setting of a provider")]
    public async Task Publish_WhatMayBeASecret_IsRefusedWithoutItsValue(string key, string message)
    {
        var (folder, exitCode, said) = await Published.TryAsync(
            $"deploy-refused-{key.Replace(':', '-')}", path: null, [.. Step("publish"), $"--{key}=sesame-open"]);

        Assert.Equal(1, exitCode);
        Assert.Contains($"error: {message}", said, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame-open", said, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories));
    }

    /// <summary>Names of settings have no case.</summary>
    [Fact]
    public async Task Publish_AProvidersKeyInAnotherCase_IsNotInTheFiles()
    {
        var folder = await Published.RunAsync(
            "deploy-case", [.. Step("publish"), "--Providers:openai:BaseUrl=https://api.openai.com/v1", "--Providers:openai:APIKEY=sesame"]);

        Assert.All(
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories),
            file => Assert.DoesNotContain("sesame", File.ReadAllText(file), StringComparison.Ordinal));
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

        // What was filled in by hand since then stays; the rest takes the new parameters.
        File.WriteAllText(
            environment, File.ReadAllText(environment).Replace("REDIS_PASSWORD=sesame", "REDIS_PASSWORD=mine", StringComparison.Ordinal));
        said = await Published.RunAgainAsync(
            "deploy-compose", programs.Path,
            [.. Step("deploy-compose"), .. Model, "--Parameters:operator-key-sha256=7c2a", "--Parameters:openai-api-key=sk-2",
                "--Parameters:redis-password=other"]);

        Assert.All(["OPERATOR_KEY_SHA256=7c2a", "REDIS_PASSWORD=mine"], line => Assert.Contains(line, File.ReadAllLines(environment)));
        Assert.Contains("Providers__openai__ApiKey=sk-2", File.ReadAllLines(Path.Combine(folder, "compose", "gateway.env")));
        Assert.Contains("compose/.env keeps what somebody has set: REDIS_PASSWORD", said, StringComparison.Ordinal);
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
