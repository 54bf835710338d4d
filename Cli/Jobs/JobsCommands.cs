using System.CommandLine;
using System.Globalization;
using System.Net;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using Spectre.Console;

namespace AiPlatform.Cli.Jobs;

/// <summary><c>jobs</c>: lists, shows, cancels and retries the caller's jobs, and follows one.</summary>
internal sealed class JobsCommands(GatewayChoice choice, Screen screen)
{
    private const string Id = "ID";

    /// <summary>With which every id begins.</summary>
    private const string IdStart = "job_";

    private static readonly string[] Statuses = ["queued", "running", "succeeded", "failed", "canceled", "expired"];

    public static Command Create(GatewayChoice choice, Screen screen)
    {
        var self = new JobsCommands(choice, screen);
        return new Command("jobs", "Lists, shows, follows, cancels and retries the jobs of the caller's tenant.")
        {
            self.List(),
            self.Show(),
            self.Follow(),
            self.Change(
                "cancel", "Cancels jobs that have not ended; ended ones stay as they are.", (jobs, id, ends) => jobs.CancelAsync(id, ends)),
            self.Change(
                "retry", "Runs jobs again that failed, were canceled or expired.", (jobs, id, ends) => jobs.RetryAsync(id, ends)),
        };
    }

    private Command List()
    {
        var status = CommandOptions.OneOf("--status", Statuses, "S", "Only jobs of this status");
        var model = CommandOptions.Text("--model", "NAME", "Only jobs of this model");
        var limit = CommandOptions.Number("--limit", 1, 100_000, "N", "Most jobs that are listed (default: 20)");
        var json = CommandOptions.Json("Prints each job as a line of JSON.");
        var command = new Command("list", "Lists jobs, the newest first.") { status, model, limit, json };
        return Asks(command, async (parsed, jobs, ends) =>
        {
            var found = new List<Job>();
            await foreach (var job in jobs.ListAsync(parsed.GetValue(status), parsed.GetValue(model), ends))
            {
                found.Add(job);
                if (found.Count >= (parsed.GetValue(limit) ?? 20)) break;
            }

            if (parsed.GetValue(json)) found.ForEach(job => Screen.Say($"{JobText.JsonOf(job)}\n"));
            else if (found.Count == 0) screen.Note("No jobs.");
            else screen.Answers.Write(TableOf(found));
            return 0;
        });
    }

    private Command Show()
    {
        var id = Checked(new Argument<string>(Id) { Description = "The job, such as job_…" });
        var json = CommandOptions.Json("Prints the job as JSON.");
        return Asks(new Command("show", "Shows a job with its output or its error.") { id, json }, async (parsed, jobs, ends) =>
        {
            var job = await jobs.GetAsync(parsed.GetRequiredValue(id), ends);
            Screen.Say($"{(parsed.GetValue(json) ? JobText.JsonOf(job) : JobText.Of(job))}\n");
            return 0;
        });
    }

    private Command Follow()
    {
        var id = Checked(new Argument<string>(Id) { Description = "The job, such as job_…" });
        var json = CommandOptions.Json("Prints each event as a line of JSON.");
        var command = new Command(
            "follow",
            "Prints a job's output, and its status on standard error; the exit code is 0 when it has succeeded. The output of a job whose "
            + "body has \"stream\":true is printed while it is written, that of others when it is whole.")
        {
            id, json,
        };
        return Asks(command, async (parsed, jobs, ends) =>
        {
            // A Gateway that does not answer is said now. Later the events go on by themselves when it is back.
            var job = await jobs.GetAsync(parsed.GetRequiredValue(id), ends);
            return await new FollowedJob(screen, parsed.GetValue(json)).RunAsync(jobs, job.Id);
        });
    }

    private Command Change(string name, string description, Func<JobsClient, string, CancellationToken, Task<Job>> change)
    {
        var ids = Checked(new Argument<string[]>(Id) { Description = "The jobs, such as job_…", Arity = ArgumentArity.OneOrMore });
        return Asks(new Command(name, description) { ids }, async (parsed, jobs, ends) =>
        {
            var code = 0;
            foreach (var id in parsed.GetRequiredValue(ids))
            {
                try
                {
                    var job = await change(jobs, id, ends);
                    Screen.Say($"{job.Id} {job.Status}\n");
                }
                catch (AiPlatformException refused) when (refused.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
                {
                    screen.Error(refused.Message);
                    code = 1;
                }
            }

            return code;
        });
    }

    /// <summary>Refuses what is no id, such as the empty text of a variable that a script has not set.</summary>
    private static Argument<T> Checked<T>(Argument<T> ids)
    {
        ids.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !token.Value.StartsWith(IdStart, StringComparison.Ordinal)))
                result.AddError($"{Id} takes a job's id, such as {IdStart}…, not '{token.Value}'.");
        });
        return ids;
    }

    private Command Asks(Command command, Func<ParseResult, JobsClient, CancellationToken, Task<int>> ask)
    {
        choice.AddTo(command);
        command.SetAction(async parsed =>
        {
            using var gateway = choice.Open(parsed);
            if (gateway.Address.AbsolutePath != "/")
            {
                screen.Error($"'jobs' needs the Gateway's address without a path, not {gateway.Place}.");
                return 2;
            }

            // People want to see an error at once.
            var options = new AiPlatformClientOptions { Endpoint = gateway.Address, Key = gateway.Key, MaxRetries = 0 };
            using var client = new AiPlatformClient(options);
            using var ends = new CancellationTokenSource(GatewayApi.Bound, TimeProvider.System);
            try
            {
                return await ask(parsed, client.Jobs, ends.Token);
            }
            catch (AiPlatformException lost) when (lost is { Code: "unavailable", InnerException: { } cause })
            {
                screen.Error(gateway.ProblemOf(cause));
            }
            catch (AiPlatformException refused)
            {
                screen.Error(
                    refused.Status == HttpStatusCode.Unauthorized ? gateway.ProblemOf("", (int)refused.Status.Value) : refused.Message);
            }
            catch (Exception lost) when (lost is IOException or OperationCanceledException)
            {
                screen.Error(gateway.ProblemOf(lost));
            }

            return 1;
        });
        return command;
    }

    private static Table TableOf(IEnumerable<Job> jobs)
    {
        var table = new Table().Border(TableBorder.Minimal);
        table.AddColumn("job").AddColumn("status").AddColumn("model").AddColumn("lane").AddColumn("created (UTC)")
            .AddColumn(new TableColumn("attempts").RightAligned()).AddColumn("error");
        foreach (var job in jobs)
        {
            string[] cells =
            [
                job.Id, job.Status, job.Model, job.Lane, JobText.TimeOf(job.CreatedAt),
                job.Attempts.ToString(CultureInfo.InvariantCulture), job.Error?.Code ?? "-",
            ];
            table.AddRow([.. cells.Select(text => Markup.Escape(Screen.Printable(text)))]);
        }

        return table;
    }
}
