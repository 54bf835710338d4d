using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Reflection;

namespace AiPlatform.Cli.Doctor;

/// <summary><c>doctor</c>: asks a running system what is wrong with it, and says what to do.</summary>
internal sealed class DoctorCommand(GatewayApi gateway, Screen screen)
{
    private int _wrong;

    public static Command Create(GatewayChoice choice, Screen screen)
    {
        var command = new Command(
            "doctor", "Says whether a running system is ready, and what to do where it is not; then the exit code is 1.");
        choice.AddTo(command);
        command.SetAction(async parsed =>
        {
            using var gateway = choice.Open(parsed);
            return await new DoctorCommand(gateway, screen).RunAsync();
        });
        return command;
    }

    /// <returns>The exit code: 0 when nothing is wrong.</returns>
    public async Task<int> RunAsync()
    {
        if (await CheckHealthAsync() && await CheckCallerAsync() is { } caller)
        {
            await CheckModelsAsync();
            if (caller.Role == "operator") await CheckQueuesAsync();
            else Say("queues", "not shown: that needs an operator's key");
        }

        if (_wrong == 0) return 0;
        screen.Note(_wrong == 1 ? "1 thing to mend, see above." : $"{_wrong} things to mend, see above.");
        return 1;
    }

    /// <returns>Whether a Gateway answers.</returns>
    private async Task<bool> CheckHealthAsync()
    {
        var (answer, problem) = await gateway.GetAsync("health");
        if (answer is null)
        {
            Bad("gateway", problem!);
            return false;
        }

        if (answer.Read(DoctorJson.Default.HealthAnswer) is not { Status: { } status, Version: { } version, Checks: { } checks })
        {
            Bad("gateway", gateway.NoGateway);
            return false;
        }

        if (status == "Healthy") Say("gateway", $"{gateway.Place} is ready");
        else if (answer.Status == HttpStatusCode.OK) Say("gateway", $"{gateway.Place} answers, but not to everything");
        else Say("gateway", $"{gateway.Place} is not ready");
        foreach (var check in checks.Where(one => one.Status != "Healthy")) Bad(check.Name ?? "check", check.Detail ?? $"{check.Status}");
        Say("version", version);
        CompareVersions(version);
        return true;
    }

    /// <summary>Another version is no fault: versions that are side by side work together.</summary>
    private static void CompareVersions(string version)
    {
        var (own, theirs) = (OwnVersion(), WithoutCommit(version));
        if (own == theirs) return;
        Say("this program", $"{own}, which is another version: 'dotnet tool update AiPlatform.Tool --version {theirs}' makes it the same");
    }

    /// <returns>Who the caller is; null where the Gateway does not let it in.</returns>
    private async Task<CallerAnswer?> CheckCallerAsync()
    {
        var (answer, problem) = await gateway.GetAsync("v1/caller");
        if (answer?.Status == HttpStatusCode.OK && answer.Read(DoctorJson.Default.CallerAnswer) is { Role: { } role } caller)
        {
            Say("key", caller switch
            {
                { HasKeys: true } => $"accepted: tenant '{caller.Tenant}', role '{role}'",
                _ when gateway.Key is not null => $"this Gateway has no keys, so the one in {GatewayChoice.KeyVariable} is not needed",
                _ => "none is needed",
            });
            return caller;
        }

        Bad("key", problem ?? RefusalOf(answer!));
        return null;
    }

    private string RefusalOf(GatewayAnswer answer) => answer.Status switch
    {
        HttpStatusCode.Unauthorized =>
            $"{gateway.ProblemOf("", 401)} '{Program.Name} key new' makes one, and its settings for the Gateway.",
        HttpStatusCode.NotFound => "The Gateway is of an older version, which does not say who calls. Use the program of its version.",
        _ => answer.Read(DoctorJson.Default.ProblemAnswer)?.Detail ?? gateway.ProblemOf(answer.Body, (int)answer.Status),
    };

    private async Task CheckModelsAsync()
    {
        var (answer, problem) = await gateway.ListModelsAsync();
        if (answer is not var (_, list))
        {
            Bad("models", problem!);
            return;
        }

        foreach (var model in list.Data!)
        {
            var where = string.Join(", ", model.Devices ?? []);
            if (model.ServedBy == "provider")
                Say("model", $"{model.Id}: provider {model.OwnedBy}");
            else if (model.Available == false)
                Bad("model", $"{model.Id}: no worker serves it. Start a worker that has it; until then its jobs wait, and calls are 503.");
            else
                Say("model", $"{model.Id}: {model.Task}, {Count(model.Workers ?? 0, "worker")} on {where}");
        }

        foreach (var one in list.Failures ?? []) Bad("model", $"{one.Folder}: a worker could not load it. {one.Reason}");
        if (list.Data!.Count == 0) Bad("models", "none. Does a worker run, on the same Redis? Its log says what it loads.");
    }

    private async Task CheckQueuesAsync()
    {
        var (answer, problem) = await gateway.GetAsync("v1/queues");
        if (answer?.Status != HttpStatusCode.OK || answer.Read(DoctorJson.Default.QueuesAnswer)?.Data is not { } queues)
        {
            Bad("queues", problem ?? RefusalOf(answer!));
            return;
        }

        foreach (var queue in queues)
        {
            var oldest = queue.OldestMs is { } waited
                ? string.Create(CultureInfo.InvariantCulture, $", the oldest for {waited / 1_000.0:0.0} s") : "";
            Say("queue", $"{queue.Queue}: {queue.Depth} waiting{oldest}, {queue.Running} running");
            if (queue.Paused)
                Bad("queue", $"{queue.Queue} is paused, so its jobs wait. POST {gateway.Place}/v1/queues/{queue.Queue}/resume ends that.");
            if (queue.Depth > 0 && queue.Workers == 0) Bad("queue", $"{queue.Queue} has jobs, but no worker.");
            if (queue.Dead > 0)
            {
                Bad("queue",
                    $"{queue.Queue} has {Count(queue.Dead, "dead letter")}. Read an error ('{Program.Name} jobs list --status failed' with "
                    + $"its tenant's key), mend the cause, then POST {gateway.Place}/v1/queues/{queue.Queue}/requeue-dead.");
            }

            if (queue.Broken > 0)
            {
                Bad("queue",
                    $"{queue.Queue}: {Count(queue.Broken, "job")} could not be read; see docs/operations.md in AiPlatform's repository.");
            }

            if (queue.Problem is { } key) Bad("queue", $"{queue.Queue} cannot be served: Redis' key {key} has a wrong content.");
        }
    }

    private static string OwnVersion() => WithoutCommit(
        typeof(DoctorCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);

    private static string WithoutCommit(string version) => version.Split('+')[0];

    private static string Count(long number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";

    private static void Say(string name, string text) => Screen.Say($"{name,-14} {text.ReplaceLineEndings(" ")}\n");

    private void Bad(string name, string text)
    {
        Say(name, $"WRONG: {text}");
        _wrong++;
    }
}
