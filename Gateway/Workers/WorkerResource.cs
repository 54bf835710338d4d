using System.Text.Json.Serialization;
using AiPlatform.Gateway.Json;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Workers;

/// <summary>The answer of <c>GET /v1/workers</c>.</summary>
internal sealed record WorkerList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The living workers, by name.</summary>
    public required IReadOnlyList<WorkerResource> Data { get; init; }

    public static WorkerList Of(IEnumerable<WorkerHeartbeat> workers) =>
        new() { Object = "list", Data = [.. workers.Select(WorkerResource.Of)] };
}

/// <summary>A living InferenceWorker process, as its last heartbeat describes it.</summary>
internal sealed record WorkerResource
{
    /// <summary>The unique name of the process.</summary>
    public required string Name { get; init; }

    public required string Host { get; init; }

    public required int ProcessId { get; init; }

    /// <summary>Where its models run, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it sent its last heartbeat, by its own clock; null for a worker of an older version.</summary>
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset? LastHeartbeat { get; init; }

    /// <summary>Jobs that it has leased, of all models.</summary>
    public required long Running { get; init; }

    /// <summary>Jobs that it leases at most, of all models.</summary>
    public required long Capacity { get; init; }

    public required IReadOnlyList<WorkerModel> Models { get; init; }

    /// <summary>The model folders that it could not load, 20 at most.</summary>
    public required IReadOnlyList<WorkerFailure> Failures { get; init; }

    public static WorkerResource Of(WorkerHeartbeat beat) => new()
    {
        Name = beat.Worker,
        Host = beat.Host,
        ProcessId = beat.ProcessId,
        Device = beat.Device,
        StartedAt = beat.StartedAt,
        LastHeartbeat = beat.SentAt,
        Running = beat.Models.Sum(load => (long)load.Running),
        Capacity = beat.Models.Sum(load => (long)load.Capacity),
        Models =
        [
            .. beat.Models.Select(load => new WorkerModel
            {
                Model = load.Model,
                Device = load.Device ?? beat.Device,
                Running = load.Running,
                Capacity = load.Capacity,
            }),
        ],
        Failures = [.. beat.Failures.Select(one => new WorkerFailure { Folder = one.Folder, Reason = one.Reason })],
    };
}

/// <summary>A model on one worker.</summary>
internal sealed record WorkerModel
{
    public required string Model { get; init; }

    /// <summary>Where it runs.</summary>
    public required string Device { get; init; }

    /// <summary>Jobs of it that this worker has leased.</summary>
    public required int Running { get; init; }

    /// <summary>Jobs of it that this worker leases at most.</summary>
    public required int Capacity { get; init; }
}

/// <summary>A model folder that one worker could not load.</summary>
internal sealed record WorkerFailure
{
    /// <summary>The folder's name.</summary>
    public required string Folder { get; init; }

    /// <summary>What is wrong with it.</summary>
    public required string Reason { get; init; }
}
