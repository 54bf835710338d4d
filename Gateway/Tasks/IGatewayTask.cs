using System.Buffers;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Tasks;

/// <summary>What the Gateway does for one kind of model; <see cref="GatewayTasks.All"/> has one for each kind.</summary>
internal interface IGatewayTask
{
    /// <summary>What both processes know of the task.</summary>
    ModelTask Task { get; }

    /// <summary>The form in which its errors are said.</summary>
    Dialect Dialect { get; }

    /// <summary>The JSON of its requests and answers, for the API's description; their components are named after the types.</summary>
    IJsonTypeInfoResolver JsonTypes { get; }

    /// <summary>The schema of a job's <c>body</c> that asks for this.</summary>
    JsonObject JobBody { get; }

    /// <summary>The component that a finished job's <c>output</c> is.</summary>
    string AnswerComponent { get; }

    /// <summary>How pieces of its output become a stream; null where it has none.</summary>
    IStreamForm? Stream { get; }

    /// <summary>Says what its route takes and answers, and what for.</summary>
    void Describe(RouteHandlerBuilder route);

    /// <summary>
    /// Reads a stored result of one of the task's own types, and makes sure that it can be written. Exactly one of the two is set; never
    /// throws, whatever the bytes.
    /// </summary>
    (TaskAnswer? Answer, InferenceError? Error) Read(string model, JobOutput output);
}

/// <summary>How the pieces of a task's output become server-sent events in its dialect. Its error events are the dialect's.</summary>
internal interface IStreamForm
{
    /// <summary>Writes the events of a piece.</summary>
    /// <param name="output">Where they go.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="piece">What the worker said, as JSON on one line.</param>
    void WritePiece(IBufferWriter<byte> output, string model, string piece);

    /// <summary>Writes what follows the last piece of a job that succeeded.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="job">The job with its result.</param>
    void WriteEnd(IBufferWriter<byte> output, Job job);

    /// <summary>Writes all that a job that succeeded has said, for its log is there no more.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="body">The request.</param>
    /// <param name="job">The job with its result.</param>
    /// <exception cref="FormatException">The result cannot be read.</exception>
    void WriteWhole(IBufferWriter<byte> output, ReadOnlyMemory<byte> body, Job job);
}
