using System.Buffers;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Results.Following;
using AiPlatform.Gateway.Tasks;

namespace AiPlatform.Gateway.Calls;

/// <summary>
/// 200 with the pieces of a job's output as server-sent events, as they come. What goes wrong after the first is an error event in the
/// dialect, and nothing behind it.
/// </summary>
/// <param name="dialect">The form of its errors.</param>
/// <param name="form">The form of its pieces.</param>
/// <param name="body">The request.</param>
/// <param name="pages">What the job says; stands on the first page that is to be written.</param>
/// <param name="time">The clock.</param>
/// <param name="left">Ends the job, for its client went away.</param>
internal sealed class TaskStreamAnswer(
    Dialect dialect, IStreamForm form, ReadOnlyMemory<byte> body, IAsyncEnumerator<EventPage> pages, TimeProvider time, Func<Task> left)
    : IResult
{
    // :: Step 9: answer. Pieces of output, in their task's own form.
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
            // An enumerator that still moves must not be disposed; the client's token has ended it.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await pages.DisposeAsync();
        }
    }

    private void WriteEnd(HttpContext context, Job job, bool hasSaid)
    {
        var output = context.Response.BodyWriter;
        if (job.Status != JobStatus.Succeeded)
        {
            // A job that was lost in the middle has no end.
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
