using System.Text.Json;
using AiPlatform.Gateway.Errors;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Jobs;

/// <summary>Validates the body of <c>POST /v1/jobs</c>, except for the call inside it.</summary>
internal static class JobRequestParser
{
    private static readonly string[] FieldNames = ["endpoint", "body", "lane", "deadline_seconds", "metadata", "webhook"];

    private static string EndpointNames => $"'{string.Join("' or '", ModelTasks.All.Select(task => task.Endpoint))}'";

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    public static (ParsedJobRequest? Request, InferenceError? Error) Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new Fields();
        if (RequestJson.ReadObject(
            body.Span, ref fields, static (ref Utf8JsonReader reader, ref Fields fields) => fields.Read(ref reader)) is { } malformed)
        {
            return (null, malformed);
        }

        return fields.FirstError() is { } error
            ? (null, error)
            : (new ParsedJobRequest(
                fields.Task!, body[fields.Body], fields.Lane, fields.Deadline ?? JobRequest.DefaultDeadline, fields.Metadata), null);
    }

    private struct Fields() : IFieldValues
    {
        private int _bodyStart;
        private bool _hasBody;

        public KnownFields Known { get; } = new(FieldNames, Unknown);

        public ModelTask? Task { get; private set; }

        /// <summary>The range of the call's JSON in the body.</summary>
        public Range Body { get; private set; }
        public Lane Lane { get; private set; } = Lane.Default;
        public TimeSpan? Deadline { get; private set; }
        public string? Metadata { get; private set; }

        /// <summary>Reads one field. The reader is on its name before the call, and at the end of its value after the call.</summary>
        public void Read(ref Utf8JsonReader reader)
        {
            var isBody = reader.ValueTextEquals("body"u8);
            Known.ReadField(ref reader, ref this);
            if (isBody) Body = _bodyStart..(int)reader.BytesConsumed;
        }

        public readonly InferenceError? FirstError()
        {
            if (Task is null) Known.Note("endpoint", $"endpoint is missing: give {EndpointNames}.");
            if (!_hasBody) Known.Note("body", "body is missing: give the JSON of the synchronous call.");
            return Known.FirstError;
        }

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "endpoint" => ReadEndpoint(ref value),
            "body" => ReadBody(ref value),
            "lane" => ReadLane(ref value),
            "deadline_seconds" => ReadDeadline(ref value),
            "metadata" => ReadMetadata(ref value),
            _ => InferenceError.Invalid("webhook", "webhook is not supported yet: ask for the job with GET /v1/jobs/{id}?wait=60."),
        };

        private InferenceError? ReadEndpoint(ref Utf8JsonReader value)
        {
            foreach (var task in ModelTasks.All)
                if (value.TokenType == JsonTokenType.String && value.ValueTextEquals(task.Endpoint)) Task = task;
            return Task is not null ? null : InferenceError.Invalid("endpoint", $"endpoint must be {EndpointNames}.");
        }

        private InferenceError? ReadBody(ref Utf8JsonReader value)
        {
            (_hasBody, _bodyStart) = (true, (int)value.TokenStartIndex);
            return value.TokenType == JsonTokenType.StartObject
                ? null
                : InferenceError.Invalid("body", "body must be a JSON object: that of the synchronous call.");
        }

        private InferenceError? ReadLane(ref Utf8JsonReader value)
        {
            if (!RequestJson.TryReadText(ref value, out var name) || !LaneNames.TryParse(name, out var lane))
                return InferenceError.Invalid("lane", "lane must be 'interactive', 'default' or 'batch'.");

            Lane = lane;
            return null;
        }

        private InferenceError? ReadDeadline(ref Utf8JsonReader value)
        {
            var longest = JobRequest.MaxDeadline.TotalSeconds;
            if (value.TokenType != JsonTokenType.Number || !value.TryGetDouble(out var seconds) || !(seconds > 0 && seconds <= longest))
            {
                return InferenceError.Invalid(
                    "deadline_seconds", $"deadline_seconds must be a number of seconds, more than 0 and at most {longest}.");
            }
            // The queue's times have a resolution of a millisecond.
            Deadline = TimeSpan.FromSeconds(Math.Max(seconds, 0.001));
            return null;
        }

        private InferenceError? ReadMetadata(ref Utf8JsonReader value)
        {
            var error = JobMetadata.Read(ref value, out var pairs);
            Metadata = error is null ? JsonSerializer.Serialize(pairs, JobJson.Readable.DictionaryStringString) : null;
            return error;
        }

        private static InferenceError Unknown(string name) => InferenceError.Invalid(
            Refusals.Quoted(name),
            $"'{Refusals.Quoted(name)}' is not a field of a job. There are: endpoint, body, lane, deadline_seconds, metadata.");
    }
}

/// <summary>A valid request for a job; the call inside is not yet validated.</summary>
/// <param name="Task">The task of the call.</param>
/// <param name="Body">The JSON of the synchronous call, as received.</param>
/// <param name="Lane">The lane in which it waits.</param>
/// <param name="Deadline">Time until the job expires.</param>
/// <param name="Metadata">The caller's own pairs as a JSON object, or null.</param>
internal sealed record ParsedJobRequest(ModelTask Task, ReadOnlyMemory<byte> Body, Lane Lane, TimeSpan Deadline, string? Metadata);
