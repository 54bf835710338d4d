using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.JobsApi;

/// <summary>One run of a job API, with an empty Redis, a worker and a front: first the warm-up jobs, then the measured jobs.</summary>
internal static class JobsRun
{
    public const int Connections = 64;
    public const int Jobs = 10_000;

    /// <summary>Enough warm-ups that the JITs of both sides are done.</summary>
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
