using System.Buffers;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Tasks;

/// <summary>The Gateway's part of a task, for one route that calls models; <see cref="GatewayTasks.All"/> has all of them.</summary>
internal interface IGatewayTask
{
    /// <summary>The part of the task that both processes share.</summary>
    ModelTask Task { get; }

    /// <summary>The form of its errors.</summary>
    Dialect Dialect { get; }

    /// <summary>The JSON of its requests and answers, for the API's description; their components are named after the types.</summary>
    IJsonTypeInfoResolver JsonTypes { get; }

    /// <summary>The schema of <c>body</c> in a job of this task.</summary>
    JsonObject JobBody { get; }

    /// <summary>The component of the <c>output</c> of a finished job.</summary>
    string AnswerComponent { get; }

    /// <summary>The form of its streams; null for a task that does not stream.</summary>
    IStreamForm? Stream { get; }

    /// <summary>Describes its route: its purpose, its request and its answers.</summary>
    void Describe(RouteHandlerBuilder route);

    /// <summary>
    /// Reads a stored result of one of the task's own types, and checks that it can be written. Exactly one of the two is set. It never
    /// throws, whatever the bytes are. A task whose results are all JSON, which is shown as it is stored, needs none.
    /// </summary>
    (TaskAnswer? Answer, InferenceError? Error) Read(string model, JobOutput output) => GatewayTasks.Unreadable(output);
}

/// <summary>Writes the output of a task as server-sent events in its dialect. Error events are written by the dialect.</summary>
internal interface IStreamForm
{
    /// <summary>Writes the events of a piece.</summary>
    /// <param name="output">Gets the events.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="piece">The worker's output, as JSON on one line.</param>
    void WritePiece(IBufferWriter<byte> output, string model, string piece);

    /// <summary>Writes the end of the stream of a job that succeeded.</summary>
    /// <param name="output">Gets the events.</param>
    /// <param name="job">The job with its result.</param>
    void WriteEnd(IBufferWriter<byte> output, Job job);

    /// <summary>Writes the whole output of a job that succeeded, whose log has expired.</summary>
    /// <param name="output">Gets the events.</param>
    /// <param name="body">The request.</param>
    /// <param name="job">The job with its result.</param>
    /// <exception cref="FormatException">The result cannot be read.</exception>
    void WriteWhole(IBufferWriter<byte> output, ReadOnlyMemory<byte> body, Job job);
}
