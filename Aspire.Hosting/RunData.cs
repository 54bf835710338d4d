using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;

namespace AiPlatform.Hosting;

/// <summary>
/// The folder of what a local run keeps for the next one. Runs that go on at the same time have folders of their own: each takes the
/// first one that is free, and locks it until it ends, however it ends.
/// </summary>
internal sealed class RunData : IDisposable
{
    private const int Most = 100;
    private const string Setting = $"{nameof(AiPlatformOptions.DataPath)} (AI_DATA_DIR of AiPlatform's own AppHost)";

    // What the operating systems say of a file that another process has locked.
    private const int WindowsSharingViolation = 32;
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    private readonly FileStream _lock;

    private RunData(string path, int number, FileStream locked)
    {
        (Path, Number, _lock) = (path, number, locked);
        Directory.CreateDirectory(RedisPath);
    }

    /// <summary>1 for a run beside which no other goes on.</summary>
    public int Number { get; }

    public string Path { get; }

    /// <summary>The append-only file of a Redis that is a process.</summary>
    public string RedisPath => System.IO.Path.Combine(Path, "redis");

    public string RedisIdFile => System.IO.Path.Combine(RedisPath, "redis.pid");

    /// <summary>The folder of the workers' models, when they are named one by one: links to them.</summary>
    public string ModelsPath => System.IO.Path.Combine(Path, "models");

    /// <exception cref="DistributedApplicationException">There is no free folder, or no place for one.</exception>
    public static RunData Take(string root)
    {
        for (var number = 1; number <= Most; number++)
        {
            var path = System.IO.Path.Combine(root, number.ToString(CultureInfo.InvariantCulture));
            try
            {
                Directory.CreateDirectory(path);
                if (TryLock(System.IO.Path.Combine(path, "lock")) is not { } locked) continue;
                var data = new RunData(path, number, locked);
                if (!data.HasRedis()) return data;
                data.Dispose();
            }
            catch (Exception failed) when (failed is UnauthorizedAccessException or IOException)
            {
                throw new DistributedApplicationException(
                    $"{path} cannot be used: {failed.Message.TrimEnd('.')}. Set {Setting} to a folder that can be written.", failed);
            }
        }

        throw new DistributedApplicationException(
            $"{Most} runs keep their data in {root} already; set {Setting} to another folder.");
    }

    /// <returns>Null when another run has it.</returns>
    private static FileStream? TryLock(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken) when ((taken.HResult & 0xFFFF) is WindowsSharingViolation or LinuxWouldBlock or MacWouldBlock)
        {
            return null;
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Whether the Redis of a run that was killed still uses the folder; the orchestrator ends it soon.</summary>
    private bool HasRedis()
    {
        try
        {
            if (!int.TryParse(File.ReadAllText(RedisIdFile), NumberStyles.Integer, CultureInfo.InvariantCulture, out var id)) return false;
            using var process = Process.GetProcessById(id);
            return process.ProcessName.StartsWith("redis-", StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is FileNotFoundException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
