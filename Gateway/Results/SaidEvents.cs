using System.Buffers.Text;
using System.Text;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Gateway.Results;

/// <summary>
/// Reads the message about new events of jobs of one queue, one job after another; see <see cref="RedisKeys"/>. The message is not trusted,
/// because any client of Redis can publish it.
/// </summary>
internal sealed class SaidEvents(string queue, ReadOnlyMemory<byte> entries)
{
    private readonly List<JobEvent> _events = [];
    private ReadOnlyMemory<byte> _rest = entries;

    public string Queue => queue;

    /// <summary>The current job.</summary>
    public string Key { get; private set; } = "";

    /// <summary>The events of the job.</summary>
    public IReadOnlyList<JobEvent> Events => _events;

    /// <summary>False after a part that is not valid; nothing after it is read.</summary>
    public bool IsReadable { get; private set; } = true;

    /// <summary>Moves to the next job; false at the end.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty || !IsReadable) return false;
        return IsReadable = TryReadJob(NextLine());
    }

    private bool TryReadJob(ReadOnlySpan<byte> head)
    {
        _events.Clear();
        var blank = head.IndexOf((byte)' ');
        if (blank < 0) return false;
        Key = Encoding.UTF8.GetString(head[..blank]);
        var numbers = head[(blank + 1)..];
        if (!Utf8Parser.TryParse(numbers, out long first, out var used) || first < 1 || used >= numbers.Length || numbers[used] != ' ')
            return false;
        if (!Utf8Parser.TryParse(numbers[(used + 1)..], out int count, out var rest) || used + 1 + rest != numbers.Length) return false;

        for (; count > 0; count--)
        {
            var line = NextLine();
            var end = line.IndexOf((byte)' ');
            if (end < 0) return false;
            var kind = line[..end].SequenceEqual("output"u8) ? JobEvent.Output : Encoding.UTF8.GetString(line[..end]);
            _events.Add(new JobEvent(first + _events.Count, kind, Encoding.UTF8.GetString(line[(end + 1)..])));
        }

        return true;
    }

    /// <summary>The next line; an empty one, which is not an event, at the end.</summary>
    private ReadOnlySpan<byte> NextLine()
    {
        var end = _rest.Span.IndexOf((byte)'\n');
        var line = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? default : _rest[(end + 1)..];
        return line.Span;
    }
}
