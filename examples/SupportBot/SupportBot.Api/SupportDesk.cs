using System.Net;
using System.Text.Json;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using Microsoft.Extensions.AI;

namespace SupportBot.Api;

/// <summary>Asks the model about tickets: at once, or as jobs. The platform keeps these, so a restart of this service loses none.</summary>
public sealed class SupportDesk(AiPlatformClient ai, IChatClient chat)
{
    /// <summary>The model does not see the schema of its answer, so this says what the members mean.</summary>
    private const string Instructions =
        "You work at the support desk of a web shop. Sort the customer's ticket: its category, its urgency from 1 (can wait) to 5 (now), "
        + "a summary in one short sentence, and a friendly reply to the customer in one or two sentences. Answer in JSON.";

    private const float Temperature = 0.2f;

    /// <summary>Longest wait for an answer about a job, with the client's retries. A job itself may take longer.</summary>
    private static readonly TimeSpan JobBound = TimeSpan.FromSeconds(20);

    /// <summary>A pair that marks the jobs of this service.</summary>
    private static readonly Dictionary<string, string> Mark = new() { ["kind"] = "ticket" };

    private static readonly ChatOptions Options = new() { Temperature = Temperature };

    /// <summary>The schema of a job's answer. It is closed, as <c>GetResponseAsync</c> makes it: the model must not add members.</summary>
    private static readonly JsonElement Schema = AIJsonUtilities.CreateJsonSchema(
        typeof(Answer),
        inferenceOptions: new AIJsonSchemaCreateOptions { TransformOptions = new() { DisallowAdditionalProperties = true } });

    /// <summary>Waits for the answer.</summary>
    public async Task<Answer> AnswerAsync(string text, CancellationToken cancellationToken)
    {
        var response = await chat.GetResponseAsync<Answer>(
            [new(ChatRole.System, Instructions), new(ChatRole.User, text)], Options, cancellationToken: cancellationToken);
        return response.Result;
    }

    /// <summary>Submits a job. From then on the ticket is answered, whatever is restarted.</summary>
    public async Task<Ticket> SubmitAsync(string text, CancellationToken cancellationToken)
    {
        var body = new
        {
            model = chat.GetService<ChatClientMetadata>()?.DefaultModelId,
            temperature = Temperature,
            messages = new[] { new { role = "system", content = Instructions }, new { role = "user", content = text } },
            response_format = new { type = "json_schema", json_schema = new { name = "answer", schema = Schema } },
        };
        using var bound = BoundOf(cancellationToken);
        var job = await ai.Jobs.SubmitAsync(
            new JobRequest
            {
                Endpoint = "/v1/chat/completions",
                Body = JsonSerializer.SerializeToElement(body),
                Metadata = Mark,
            },
            bound.Token);
        return new Ticket(job.Id, job.Status);
    }

    /// <summary>Where a submitted ticket stands; null when there is none of this id.</summary>
    public async Task<Ticket?> FindAsync(string id, CancellationToken cancellationToken)
    {
        using var bound = BoundOf(cancellationToken);
        try
        {
            var job = await ai.Jobs.GetAsync(id, bound.Token);
            if (job.Metadata?["kind"] != Mark["kind"]) return null;
            return new Ticket(job.Id, job.Status, job.Status == "succeeded" ? AnswerOf(job) : null, job.Error?.Message);
        }
        catch (AiPlatformException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private static CancellationTokenSource BoundOf(CancellationToken cancellationToken)
    {
        var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(JobBound);
        return bound;
    }

    /// <summary>The output of a job is what the synchronous call would have answered.</summary>
    private static Answer AnswerOf(Job job)
    {
        var message = job.GetOutput().GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        return JsonSerializer.Deserialize<Answer>(message, AIJsonUtilities.DefaultOptions)!;
    }
}
