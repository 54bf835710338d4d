using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>What was ever written of the jobs of one queue, as the append-only file has it: more than any reading of Redis can show.</summary>
internal sealed class WrittenJobs
{
    private readonly Dictionary<string, WrittenJob> _jobs = [];
    private readonly QueueName _queue;
    private readonly string _jobPrefix;
    private readonly string _stateKey;

    private WrittenJobs(QueueName queue)
    {
        _queue = queue;
        _jobPrefix = $"{RedisKeys.Base(queue)}job:";
        _stateKey = $"{RedisKeys.Base(queue)}state";
    }

    public IEnumerable<(JobId Id, WrittenJob Job)> All => _jobs.Select(one => (JobId.FromKey(one.Key, _queue), one.Value));

    public static WrittenJobs Read(RedisServer redis, QueueName queue)
    {
        var written = new WrittenJobs(queue);
        foreach (var command in AppendOnlyFile.Read(redis.Folder)) written.Take(command);
        return written;
    }

    /// <summary>Null when the job was never there.</summary>
    public WrittenJob? Find(string id) => JobId.TryParse(id, out var parsed) ? _jobs.GetValueOrDefault(parsed.Key) : null;

    /// <summary>All that was written of a job, for people.</summary>
    public string HistoryOf(string id) => Find(id) is { } job ? string.Join(Environment.NewLine, job.Lines) : "was never written";

    private void Take(byte[][] command)
    {
        if (command.Length < 2) return;
        var key = Encoding.UTF8.GetString(command[1]);
        switch (Encoding.UTF8.GetString(command[0]).ToUpperInvariant())
        {
            case "SET" when key.StartsWith(_jobPrefix, StringComparison.Ordinal):
                TakeRecord(Of(key[_jobPrefix.Length..]), command[2]);
                break;
            case "HSET" or "HMSET" when key == _stateKey:
                for (var i = 2; i + 1 < command.Length; i += 2) TakeState(Of(Encoding.UTF8.GetString(command[i])), Encoding.UTF8.GetString(command[i + 1]));
                break;
            case "HDEL" when key == _stateKey:
                foreach (var id in command.Skip(2)) Of(Encoding.UTF8.GetString(id)).Lines.Add("state deleted");
                break;
            case "DEL" or "UNLINK":
                foreach (var gone in command.Skip(1).Select(Encoding.UTF8.GetString).Where(gone => gone.StartsWith(_jobPrefix, StringComparison.Ordinal)))
                    Of(gone[_jobPrefix.Length..]).Lines.Add("record deleted");
                break;
        }
    }

    private WrittenJob Of(string key)
    {
        if (!_jobs.TryGetValue(key, out var job)) _jobs.Add(key, job = new WrittenJob());
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
