using System.Buffers.Text;
using System.Text;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Store;

namespace AiPlatform.Gateway.Results;

/// <summary>
/// Reads a message of ended jobs, in the form that <see cref="RedisKeys"/> describes, one job after another. Never throws, whatever
/// the bytes; what cannot be read ends the message.
/// </summary>
internal ref struct EndedJobs
{
    private readonly QueueName _queue;
    private ReadOnlyMemory<byte> _rest;

    /// <param name="queue">The queue's name in the message.</param>
    /// <param name="entries">The bytes after the message's first line.</param>
    public EndedJobs(ReadOnlySpan<char> queue, ReadOnlyMemory<byte> entries)
    {
        IsReadable = QueueName.TryParse(queue, out _queue);
        _rest = IsReadable ? entries : default;
    }

    /// <summary>False once something could not be read.</summary>
    public bool IsReadable { get; private set; }

    /// <summary>The job that was read last.</summary>
    public JobId Id { get; private set; }

    /// <summary>Its record.</summary>
    public ReadOnlyMemory<byte> Record { get; private set; }

    /// <summary>Whether the message has its content.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Goes to the next job; false at the end.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;

        var span = _rest.Span;
        var line = span.IndexOf((byte)'\n');
        if (line < 0) return Fail();

        var key = span[..line].IndexOf((byte)' ');
        if (key < 0 || line < key + 4 || span[key + 2] != ' ' || !Utf8Parser.TryParse(span[(key + 3)..line], out int length, out var digits)
            || digits != line - key - 3 || length < 0 || length > span.Length - line - 1
            || !JobId.TryParse($"job_{Encoding.UTF8.GetString(span[..key])}.{_queue}", out var id))
        {
            return Fail();
        }

        Id = id;
        IsWhole = span[key + 1] == '1';
        Record = _rest.Slice(line + 1, length);
        _rest = _rest[(line + 1 + length)..];
        return true;
    }

    /// <summary>
    /// The job that was read last, with its result; null when the message lacks the content or the record cannot be read.
    /// </summary>
    public readonly Job? Read()
    {
        if (!IsWhole) return null;
        try
        {
            return JobRecord.Read(Id, Record, "", -1, withOutput: true);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private bool Fail()
    {
        IsReadable = false;
        return false;
    }
}
