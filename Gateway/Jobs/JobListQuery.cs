using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.Errors;
using AiPlatform.Jobs.Payloads;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Jobs;

/// <summary>Which jobs <c>GET /v1/jobs</c> lists.</summary>
/// <param name="Status">Only jobs of this status; null for all.</param>
/// <param name="Model">Only jobs of this model; null for all.</param>
/// <param name="Limit">Most jobs of a page.</param>
/// <param name="After">Only jobs older than this one, which need not exist any more.</param>
internal sealed record JobListQuery(JobStatus? Status, string? Model, int Limit, JobId? After)
{
    public const string StatusName = "status";
    public const string ModelName = "model";
    public const string LimitName = "limit";
    public const string AfterName = "after";

    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    /// <summary>The description of <c>status</c>.</summary>
    public static OpenApiSchema StatusSchema { get; } = new()
    {
        Type = JsonSchemaType.String,
        Enum = [.. Enum.GetValues<JobStatus>().Select(status => JsonValue.Create(status.Name))],
    };

    /// <summary>The description of <c>limit</c>.</summary>
    public static OpenApiSchema LimitSchema { get; } = new()
    {
        Type = JsonSchemaType.Integer,
        Minimum = "1",
        Maximum = "100",
        Default = DefaultLimit,
    };

    /// <summary>The description of <c>model</c>.</summary>
    public static OpenApiSchema ModelSchema { get; } =
        new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = QueueName.MaxModelLength };

    private static readonly string[] Names = [StatusName, ModelName, LimitName, AfterName];

    /// <summary>Reads the query; unknown parameters are ignored, as on all routes.</summary>
    public static bool TryParse(
        IQueryCollection query, [NotNullWhen(true)] out JobListQuery? list, [NotNullWhen(false)] out InferenceError? error)
    {
        list = null;
        error = Names.Where(name => query[name].Count > 1)
            .Select(name => InferenceError.Invalid(name, $"{name} occurs {query[name].Count} times: give it once.")).FirstOrDefault();
        if (error is not null) return false;

        JobStatus? status = null;
        var limit = DefaultLimit;
        JobId? after = null;
        error = ReadStatus(query[StatusName], ref status) ?? CheckModel(query[ModelName])
            ?? ReadLimit(query[LimitName], ref limit) ?? ReadAfter(query[AfterName], ref after);
        if (error is not null) return false;

        list = new JobListQuery(status, query[ModelName], limit, after);
        return true;
    }

    private static InferenceError? ReadStatus(string? text, ref JobStatus? status)
    {
        if (text is null) return null;

        foreach (var candidate in Enum.GetValues<JobStatus>())
            if (candidate.Name == text) status = candidate;
        var names = string.Join(", ", Enum.GetValues<JobStatus>().Select(one => one.Name));
        return status is null ? InferenceError.Invalid(StatusName, $"status is '{Refusals.Quoted(text)}'; there are: {names}.") : null;
    }

    private static InferenceError? CheckModel(string? text) =>
        text is null || JsonUnicode.LengthOf(text) is > 0 and <= QueueName.MaxModelLength
        ? null
        : InferenceError.Invalid(
            ModelName, $"model has {JsonUnicode.LengthOf(text)} characters; a model's name has 1 to {QueueName.MaxModelLength}.");

    private static InferenceError? ReadLimit(string? text, ref int limit) =>
        text is null || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is > 0 and <= MaxLimit)
            ? null
            : InferenceError.Invalid(LimitName, $"limit is '{Refusals.Quoted(text)}': give a number from 1 to {MaxLimit}.");

    private static InferenceError? ReadAfter(string? text, ref JobId? after)
    {
        if (text is null) return null;
        if (!JobId.TryParse(text, out var id))
        {
            return InferenceError.Invalid(
                AfterName, $"after is '{Refusals.Quoted(text)}': give the id of a job, such as a page's last_id.");
        }

        after = id;
        return null;
    }
}
