using System.Text;
using AiPlatform.Chaos.Processes;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Chaos.Audit;

/// <summary>
/// Everything that was ever written about the jobs of some queues, from append-only files, which show more than any read of Redis.
/// </summary>
internal sealed class WrittenJobs
{
    private readonly Dictionary<JobId, WrittenJob> _jobs = [];
    private readonly (QueueName Queue, string JobPrefix, string StateKey)[] _queues;

    private WrittenJobs(IEnumerable<QueueName> queues) =>
        _queues = [.. queues.Select(queue => (queue, $"{RedisKeys.Base(queue)}job:", $"{RedisKeys.Base(queue)}state"))];

    public IEnumerable<(JobId Id, WrittenJob Job)> All => _jobs.Select(one => (one.Key, one.Value));

    public static WrittenJobs Read(IEnumerable<string> folders, IEnumerable<QueueName> queues)
    {
        var written = new WrittenJobs(queues);
        foreach (var command in folders.SelectMany(AppendOnlyFile.Read)) written.Take(command);
        return written;
    }

    /// <summary>Finds a job; null when it never existed.</summary>
    public WrittenJob? Find(string id) => JobId.TryParse(id, out var parsed) ? _jobs.GetValueOrDefault(parsed) : null;

    /// <summary>All writes about a job, for reports.</summary>
    public string HistoryOf(string id) => Find(id) is { } job ? string.Join(Environment.NewLine, job.Lines) : "was never written";

    private void Take(byte[][] command)
    {
        if (command.Length < 2) return;
        var key = Encoding.UTF8.GetString(command[1]);
        switch (Encoding.UTF8.GetString(command[0]).ToUpperInvariant())
        {
            case "SET":
                if (OfRecord(key) is { } stored) TakeRecord(stored, command[2]);
                break;
            case "HSET" or "HMSET":
                for (var i = 2; i + 1 < command.Length; i += 2)
                    if (OfState(key, command[i]) is { } changed) TakeState(changed, Encoding.UTF8.GetString(command[i + 1]));
                break;
            case "HDEL":
                foreach (var id in command.Skip(2)) OfState(key, id)?.Lines.Add("state deleted");
                break;
            case "DEL" or "UNLINK":
                foreach (var gone in command.Skip(1).Select(Encoding.UTF8.GetString)) OfRecord(gone)?.Lines.Add("record deleted");
                break;
        }
    }

    /// <summary>The job whose record has this key; null when it is another key.</summary>
    private WrittenJob? OfRecord(string key)
    {
        foreach (var (queue, prefix, _) in _queues)
            if (key.StartsWith(prefix, StringComparison.Ordinal)) return Of(JobId.FromKey(key[prefix.Length..], queue));
        return null;
    }

    /// <summary>The job whose state is this field of this key; null when it is another key.</summary>
    private WrittenJob? OfState(string key, byte[] field)
    {
        foreach (var (queue, _, state) in _queues)
            if (key == state) return Of(JobId.FromKey(Encoding.UTF8.GetString(field), queue));
        return null;
    }

    private WrittenJob Of(JobId id)
    {
        if (!_jobs.TryGetValue(id, out var job)) _jobs.Add(id, job = new WrittenJob());
        return job;
    }

    private static void TakeRecord(WrittenJob job, byte[] record)
    {
        var head = Encoding.UTF8.GetString(record.AsSpan(0, Math.Max(0, record.AsSpan().IndexOf((byte)'\n'))));
        (head.Contains("\ts=", StringComparison.Ordinal) ? job.Ends : job.Submits).Add(record);
        job.Lines.Add($"record  {head.Replace('\t', ' ')} and {record.Length - head.Length} bytes");
    }

    private static void TakeState(WrittenJob job, string state)
    {
        job.WasRevived |= job.Ends.Count > 0;
        job.States.Add(state);
        job.Lines.Add($"state   {state}");
    }
}
