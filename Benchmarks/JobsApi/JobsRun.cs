using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.JobsApi;

/// <summary>One run of a job API: an empty Redis, a worker, a front; jobs that warm all three up, then those that are measured.</summary>
internal static class JobsRun
{
    public const int Connections = 64;
    public const int Jobs = 10_000;

    /// <summary>Enough that the just-in-time compilers of both sides have settled.</summary>
    private const int WarmUps = 4;

    public static async Task<JobsMeasurement> MeasureAsync(JobsSystem system, CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync([], cancellationToken);
        await using var worker = await system.StartWorkerAsync(redis, cancellationToken);
        var port = FreePort.Next();
        await using var front = await system.StartFrontAsync(redis, port, cancellationToken);

        for (var i = 0; i < WarmUps; i++) await LoadAsync();
        var load = new MachineLoad(redis.Process, worker, front);
        var (redisCpu, workerCpu, frontCpu) = (redis.Process.CpuTime, worker.CpuTime, front.CpuTime);
        var result = await LoadAsync();
        return new JobsMeasurement
        {
            Load = result,
            RedisMicroseconds = (redis.Process.CpuTime - redisCpu).TotalMicroseconds / Jobs,
            WorkerMicroseconds = (worker.CpuTime - workerCpu).TotalMicroseconds / Jobs,
            FrontMicroseconds = (front.CpuTime - frontCpu).TotalMicroseconds / Jobs,
            OtherCores = load.OtherCores(),
        };

        Task<LoadResult> LoadAsync() => LoadGenerator.RunJobsAsync(
            new Load(port, system.Path, Connections, Jobs), system.Body, system.Done, cancellationToken);
    }
}
