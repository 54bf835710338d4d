using System.Buffers;
using System.Text;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Gateway.Tasks.Generation;

/// <summary>A stream of generated text in OpenAI's form. The worker writes the chunks as they are sent.</summary>
/// <param name="task">The task.</param>
internal sealed class GeneratedStream(ModelTask task) : IStreamForm
{
    public void WritePiece(IBufferWriter<byte> output, string model, string piece)
    {
        output.Write("data: "u8);
        Encoding.UTF8.GetBytes(piece, output);
        output.Write("\n\n"u8);
    }

    public void WriteEnd(IBufferWriter<byte> output, Job job) => output.Write("data: [DONE]\n\n"u8);

    public void WriteWhole(IBufferWriter<byte> output, ReadOnlyMemory<byte> body, Job job)
    {
        if (task.Parse(body.Span).Call is not GenerationCall call) throw new FormatException("The request cannot be read any more.");

        var form = call.FormOf(job.Id, job.Model);
        var (choices, usage) = form.ReadWhole(job.Output?.Content ?? default);
        foreach (var choice in choices)
        {
            var (index, text, reason, likelihoods) = choice;
            if (form.Opening(index) is { } opening) WritePiece(output, job.Model, opening);
            if (text.Length > 0) WritePiece(output, job.Model, form.Piece(index, text, [], likelihoods));
            if (choice.Calls.Count > 0)
            {
                AnswerCallPiece[] calls = [.. choice.Calls.Select((call, i) => new AnswerCallPiece(i, call.Name, call.Arguments))];
                WritePiece(output, job.Model, form.Calls(index, calls, [], likelihoods));
            }

            WritePiece(output, job.Model, form.End(index, reason, [], null));
        }

        if (call.IncludesUsage) WritePiece(output, job.Model, form.Usage(usage));
    }
}
