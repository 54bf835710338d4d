using System.Buffers;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Results.Following;
using AiPlatform.Gateway.Tasks;

namespace AiPlatform.Gateway.Calls;

/// <summary>
/// 200 with the output of a job as server-sent events, as it comes. A failure after the first event is an error event in the dialect, which
/// ends the stream.
/// </summary>
/// <param name="dialect">The form of its errors.</param>
/// <param name="form">The form of its pieces.</param>
/// <param name="body">The request.</param>
/// <param name="pages">The pages of the job's events; the enumerator is on the first page that is to be written.</param>
/// <param name="time">The clock.</param>
/// <param name="left">Cancels the job when its client disconnects.</param>
/// <param name="limits">The limits of the caller; null when it has none.</param>
internal sealed class TaskStreamAnswer(
    Dialect dialect, IStreamForm form, ReadOnlyMemory<byte> body, IAsyncEnumerator<EventPage> pages, TimeProvider time, Func<Task> left,
    LimitedCall? limits)
    : IResult
{
    // :: Step 9: answer. The output is written in the form of its task.
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, gone) = (httpContext.Response, httpContext.RequestAborted);
        response.SetEventStream();
        Task<bool> next = Task.FromResult(true);
        try
        {
            Job job;
            var hasSaid = false;
            do
            {
                job = pages.Current.Job;
                foreach (var piece in pages.Current.Events.Where(TaskStreams.IsOutput))
                {
                    form.WritePiece(response.BodyWriter, job.Model, piece.Data);
                    hasSaid = true;
                }

                if (pages.Current.HasEnded) break;
                await response.BodyWriter.FlushAsync(gone);
                next = pages.MoveNextAsync().AsTask();
            }
            while (await EventHeartbeat.UntilAsync(next, response.BodyWriter, time, gone));

            if (limits is not null)
            {
                limits.Used(job);
                await limits.EndAsync();
            }

            WriteEnd(httpContext, job, hasSaid);
            await response.BodyWriter.FlushAsync(gone);
        }
        catch (OperationCanceledException)
        {
            await left();
            throw;
        }
        finally
        {
            // An enumerator must not be disposed while MoveNextAsync runs; the client's token ends it.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await pages.DisposeAsync();
        }
    }

    private void WriteEnd(HttpContext context, Job job, bool hasSaid)
    {
        var output = context.Response.BodyWriter;
        if (job.Status != JobStatus.Succeeded)
        {
            // A job that was lost during the stream has no end.
            output.Write(dialect.EventOf(context, job.Error ?? Refusals.JobLost()));
            return;
        }

        try
        {
            // The log is kept for a shorter time than the job, which a repeated call finds.
            if (!hasSaid) form.WriteWhole(output, body, job);
            form.WriteEnd(output, job);
        }
        catch (FormatException unreadable)
        {
            output.Write(dialect.EventOf(
                context, new InferenceError { Kind = InferenceErrorKind.Internal, Message = unreadable.Message }));
        }
    }
}
