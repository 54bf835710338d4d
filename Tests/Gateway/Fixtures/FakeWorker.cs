using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Classification;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Generation;
using AiPlatform.Jobs.Tasks.Tokens;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>
/// A worker without a model. It leases real jobs of one queue from the real store, and answers with vectors that are known in advance
/// (<see cref="ValueOf"/>).
/// </summary>
internal sealed class FakeWorker : IAsyncDisposable
{
    public const int Dimensions = 4;

    /// <summary>What it answers to who wants a text.</summary>
    public const string Text = "A worker says this.";

    private const int WideDimensions = 16;

    private readonly IJobStore _store;
    private readonly QueueName _queue;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    private FakeWorker(IJobStore store, QueueName queue)
    {
        _store = store;
        _queue = queue;
    }

    /// <summary>A worker that leases nothing until it is told to.</summary>
    public static async Task<FakeWorker> IdleAsync(GatewayHost gateway, string model)
    {
        await gateway.ServeAsync(model, Dimensions);
        return new FakeWorker(gateway.Store, QueueName.ForModel(model));
    }

    /// <summary>A worker that runs all jobs until it is disposed, including those that were submitted before.</summary>
    public static async Task<FakeWorker> StartAsync(GatewayHost gateway, string model)
    {
        await gateway.ServeAsync(model, Dimensions);
        return Start(gateway, model);
    }

    /// <summary>The same for a model that is known already.</summary>
    /// <param name="gateway">Whose jobs they are.</param>
    /// <param name="model">The model.</param>
    /// <param name="run">What is done with each job; it succeeds when nothing is said.</param>
    public static FakeWorker Start(GatewayHost gateway, string model, Func<FakeWorker, LeasedJob, Task>? run = null) =>
        Start(gateway, QueueName.ForModel(model), run);

    /// <summary>The same for a queue, which may be that of a provider's model.</summary>
    public static FakeWorker Start(GatewayHost gateway, QueueName queue, Func<FakeWorker, LeasedJob, Task>? run = null)
    {
        var worker = new FakeWorker(gateway.Store, queue);
        worker._loop = worker.RunAsync(run ?? ((one, job) => one.SucceedAsync(job)));
        return worker;
    }

    public static float ValueOf(int row, int column) => (row + 1) / (column + 3f) * (column % 2 == 0 ? 1 : -1);

    public async Task<LeasedJob> LeaseAsync()
    {
        LeasedJob? leased = null;
        await Poll.UntilAsync(
            async () =>
            {
                var jobs = (await _store.LeaseAsync(_queue, "fake", 1, int.MaxValue, isIdle: false, CancellationToken.None)).Jobs;
                leased = jobs.Count == 0 ? null : jobs[0];
                return leased is not null;
            },
            $"a job is in {_queue}");
        return leased!;
    }

    /// <summary>Commits a vector for each input: with 16 dimensions where the request asks for 3, so that a big batch is big.</summary>
    public Task<bool> SucceedAsync(LeasedJob job, float? value = null)
    {
        if (job.Endpoint == ClassificationTask.Endpoint) return SucceedWithLabelsAsync(job);
        if (CallOf(job) is GenerationCall) return SucceedWithTextAsync(job);
        if (job.Endpoint == TokenizeTask.Endpoint)
            return SucceedWithJsonAsync(job, """{"count":1,"max_model_len":256,"tokens":[7],"token_strs":null}""");
        if (job.Endpoint == DetokenizeTask.Endpoint) return SucceedWithJsonAsync(job, $$"""{"prompt":"{{Text}}"}""");
        var request = JsonDocument.Parse(job.Body).RootElement;
        var input = request.GetProperty("input");
        var rows = input.ValueKind == JsonValueKind.Array && input[0].ValueKind != JsonValueKind.Number ? input.GetArrayLength() : 1;
        var base64 = request.TryGetProperty("encoding_format", out var format) && format.ValueKind == JsonValueKind.String && format.GetString() == "base64";
        var dimensions = request.TryGetProperty("dimensions", out _) ? WideDimensions : Dimensions;
        var content = EmbeddingOutput.Create(rows, dimensions, 3 * rows, base64 ? EmbeddingFormat.Base64 : EmbeddingFormat.Float);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < dimensions; column++)
                EmbeddingOutput.MutableRow(content, row)[column] = value ?? ValueOf(row, column);
        }

        return _store.CommitAsync(
            job,
            JobOutcome.Success(new JobOutput(EmbeddingOutput.ContentType, content), $$"""{"prompt_tokens":{{3 * rows}},"total_tokens":{{3 * rows}}}"""),
            CancellationToken.None);
    }

    /// <summary>Commits the same text for each choice, whatever is asked; of a stream nothing has been said before.</summary>
    public Task<bool> SucceedWithTextAsync(LeasedJob job, string text = Text, string reason = "stop", params AnswerCall[] calls)
    {
        var call = (GenerationCall)CallOf(job)!;
        var usage = AnswerForm.WriteUsage(5, 0, 2 * call.Choices);
        var choices = Enumerable.Range(0, call.Choices).Select(index => new AnswerChoice(index, text, reason, null) { Calls = calls });
        var answer = new JobOutput(JobOutput.Json, call.FormOf(job.Id, job.Model).Whole(choices, usage));
        return _store.CommitAsync(job, JobOutcome.Success(answer, usage), CancellationToken.None);
    }

    private Task<bool> SucceedWithJsonAsync(LeasedJob job, string json) => _store.CommitAsync(
        job, JobOutcome.Success(new JobOutput(JobOutput.Json, Encoding.UTF8.GetBytes(json)), usage: null), CancellationToken.None);

    private static TaskCall? CallOf(LeasedJob job) => ModelTasks.Of(job.Endpoint)!.Parse(job.Body.Span).Call;

    /// <summary>Commits two labels for each input.</summary>
    private Task<bool> SucceedWithLabelsAsync(LeasedJob job)
    {
        var (call, _) = ClassificationRequestParser.Parse(job.Body.Span);
        var scores = Math.Min(call!.TopN ?? 2, 2);
        var content = ClassificationOutput.Create(["yes", "no"], call.Rows, scores, 3 * call.Rows);
        for (var row = 0; row < call.Rows; row++)
        {
            for (var place = 0; place < scores; place++) ClassificationOutput.Write(content, row, place, place, place == 0 ? 0.75f : 0.25f);
        }

        return _store.CommitAsync(
            job,
            JobOutcome.Success(
                new JobOutput(ClassificationOutput.ContentType, content),
                $$"""{"prompt_tokens":{{3 * call.Rows}},"total_tokens":{{3 * call.Rows}}}"""),
            CancellationToken.None);
    }

    public Task<bool> FailAsync(LeasedJob job, InferenceErrorKind kind, string? param = null) => _store.CommitAsync(
        job, JobOutcome.Failure(new InferenceError { Kind = kind, Message = "The fake worker says so.", Param = param }),
        CancellationToken.None);

    /// <summary>Gives the job back as a failed run: with <c>Jobs:MaxFailures=1</c> it is a dead letter then.</summary>
    public Task<ReleaseOutcome> DieAsync(LeasedJob job) => _store.ReleaseAsync(
        job, new InferenceError { Kind = InferenceErrorKind.Internal, Message = "The fake worker died." }, CancellationToken.None);

    /// <summary>Says something of a running job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="kind"><see cref="JobEvent.Output"/> or <see cref="JobEvent.Progress"/>.</param>
    /// <param name="data">JSON on one line, of each event.</param>
    public async Task SayAsync(LeasedJob job, string kind, params string[] data) => Assert.True(await TrySayAsync(job, kind, data));

    /// <inheritdoc cref="SayAsync"/>
    /// <returns>False when somebody has canceled the job.</returns>
    public Task<bool> TrySayAsync(LeasedJob job, string kind, params string[] data) =>
        _store.AppendAsync(job, [.. data.Select(one => new JobEvent(0, kind, one))], CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    /// <summary>Leases once more after the stop, so that a job that was submitted before does not stay for the next worker.</summary>
    private async Task RunAsync(Func<FakeWorker, LeasedJob, Task> run)
    {
        bool isStopped, hasMore;
        do
        {
            isStopped = _stop.IsCancellationRequested;
            try
            {
                var jobs = (await _store.LeaseAsync(_queue, "fake", 8, int.MaxValue, isIdle: false, CancellationToken.None)).Jobs;
                foreach (var job in jobs) await run(this, job);
                hasMore = jobs.Count > 0;
                if (!hasMore) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
            }
            catch (QueueUnavailableException)
            {
                hasMore = false;
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
        while (hasMore || !isStopped);
    }
}
