using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Results.Following;
using AiPlatform.Gateway.Submission;
using AiPlatform.Gateway.Tasks;

namespace AiPlatform.Gateway.Calls;

/// <summary>Answers synchronous calls to workers' models as streams, which pass the job's output on as it comes.</summary>
internal sealed class TaskStreams(JobCalls jobs, JobFollowing following, TimeProvider time)
{
    /// <summary>
    /// Submits a call and waits until its answer begins. A job that fails before that gets an HTTP status of its own. A client that
    /// disconnects cancels its job, unless the call has an idempotency key.
    /// </summary>
    /// <param name="context">The call.</param>
    /// <param name="task">The task of the call.</param>
    /// <param name="form">The form of the stream.</param>
    /// <param name="call">The valid request.</param>
    /// <param name="terms">Its terms; a call that repeats an idempotency key gets the stream of the first one.</param>
    /// <exception cref="QueueUnavailableException">Redis did not accept the job.</exception>
    /// <exception cref="OperationCanceledException">The client disconnected.</exception>
    public async Task<IResult> AnswerAsync(HttpContext context, IGatewayTask task, IStreamForm form, AdmittedCall call, JobTerms terms)
    {
        var opened = await jobs.OpenAsync(call, terms, context.RequestAborted);
        if (opened.Error is { } refused) return task.Dialect.Answer(refused);

        var id = opened.Id!.Value;
        context.Response.SetJobId(id);
        var pages = following.FollowAsync(id, 0, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        var hasBegun = false;
        try
        {
            while (await pages.MoveNextAsync())
            {
                var page = pages.Current;
                if (page is { HasEnded: true, Job.Error: { } error } && !page.Events.Any(IsOutput)) return task.Dialect.Answer(error);
                if (!page.HasEnded && !page.Events.Any(IsOutput)) continue;

                hasBegun = true;
                return new TaskStreamAnswer(task.Dialect, form, call.Body, pages, time, () => jobs.AbandonAsync(id, terms), terms.Limits);
            }

            return task.Dialect.Answer(Refusals.JobLost());
        }
        catch (OperationCanceledException)
        {
            await jobs.AbandonAsync(id, terms);
            throw;
        }
        finally
        {
            if (!hasBegun) await pages.DisposeAsync();
        }
    }

    internal static bool IsOutput(JobEvent one) => one.Kind == JobEvent.Output;
}
