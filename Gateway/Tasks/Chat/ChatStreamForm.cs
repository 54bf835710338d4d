using System.Buffers;
using System.Text;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Gateway.Tasks.Chat;

/// <summary>A chat of our own workers as OpenAI's stream: the worker says the chunks as they go out.</summary>
internal sealed class ChatStreamForm : IStreamForm
{
    public static ChatStreamForm Instance { get; } = new();

    public void WritePiece(IBufferWriter<byte> output, string model, string piece)
    {
        output.Write("data: "u8);
        Encoding.UTF8.GetBytes(piece, output);
        output.Write("\n\n"u8);
    }

    public void WriteEnd(IBufferWriter<byte> output, Job job) => output.Write("data: [DONE]\n\n"u8);

    public void WriteWhole(IBufferWriter<byte> output, ReadOnlyMemory<byte> body, Job job)
    {
        var answer = ChatAnswer.Read(job.Output?.Content ?? default);
        var includesUsage = ChatRequestParser.Parse(body.Span).Call is { IncludesUsage: true };
        var chunks = new ChatChunks(job.Id, job.Model, includesUsage);
        foreach (var (index, text, reason, likelihoods) in answer.Choices)
        {
            WritePiece(output, job.Model, chunks.Role(index));
            if (text.Length > 0) WritePiece(output, job.Model, chunks.Piece(index, text, [], likelihoods));
            WritePiece(output, job.Model, chunks.End(index, reason, [], null));
        }

        if (includesUsage) WritePiece(output, job.Model, chunks.Usage(answer.Usage));
    }
}
