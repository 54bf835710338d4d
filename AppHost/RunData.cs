using System.Diagnostics;
using System.Globalization;

namespace AiPlatform.AppHost;

/// <summary>
/// The folder of what a local run keeps for the next one. Runs that go on at the same time have folders of their own: each takes the
/// first one that is free, and locks it until it ends, however it ends.
/// </summary>
internal sealed class RunData : IDisposable
{
    private const int Most = 100;

    private readonly FileStream _lock;

    private RunData(string path, int number, FileStream locked)
    {
        (Path, Number, _lock) = (path, number, locked);
        Directory.CreateDirectory(RedisPath);
        Directory.CreateDirectory(SecretsPath);
    }

    /// <summary>1 for a run beside which no other goes on.</summary>
    public int Number { get; }

    public string Path { get; }

    /// <summary>The append-only file of a Redis that is a process.</summary>
    public string RedisPath => System.IO.Path.Combine(Path, "redis");

    public string RedisIdFile => System.IO.Path.Combine(RedisPath, "redis.pid");

    /// <summary>The folder that the Gateway reads its keys from (<c>Secrets:Path</c>).</summary>
    public string SecretsPath => System.IO.Path.Combine(Path, "secrets");

    /// <exception cref="DistributedApplicationException">There is no free folder, or no place for one.</exception>
    public static RunData Take(string root)
    {
        for (var number = 1; number <= Most; number++)
        {
            var path = System.IO.Path.Combine(root, number.ToString(CultureInfo.InvariantCulture));
            try
            {
                Directory.CreateDirectory(path);
                var locked = new FileStream(
                    System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                var data = new RunData(path, number, locked);
                if (!data.HasRedis()) return data;
                data.Dispose();
            }
            catch (UnauthorizedAccessException denied)
            {
                throw new DistributedApplicationException($"{path} cannot be written; set AI_DATA_DIR to a folder that can.", denied);
            }
            catch (IOException)
            {
                // Another run has it.
            }
        }

        throw new DistributedApplicationException($"{Most} runs keep their data in {root} already; set AI_DATA_DIR to another folder.");
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
