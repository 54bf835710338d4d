using System.Diagnostics;
using System.Threading.Channels;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>A process that a benchmark started, and ends when it is disposed.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int LinesKept = 200;

    /// <summary>Longest wait for a line.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Channel<string> _output = Channel.CreateBounded<string>(
        new BoundedChannelOptions(LinesKept) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Queue<string> _errors = [];

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>CPU time of all its threads so far.</summary>
    public TimeSpan CpuTime => Now.TotalProcessorTime;

    /// <summary>Memory that it has in RAM, shared pages included.</summary>
    public long ResidentBytes => Now.WorkingSet64;

    /// <summary>Threads that it has now.</summary>
    public int Threads => Now.Threads.Count;

    private Process Now
    {
        get
        {
            _process.Refresh();
            return _process;
        }
    }

    public static ChildProcess Start(
        string program, IReadOnlyList<string> arguments, params IReadOnlyList<(string Key, string Value)> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in environment) start.Environment[key] = value;

        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.OutputDataReceived += (_, line) => child.KeepOutput(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.KeepError(line.Data);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="BenchmarkException">It failed.</exception>
    public static async Task<string> RunAsync(
        string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var child = Start(program, arguments);
        try
        {
            await child._process.WaitForExitAsync(cancellationToken).WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw child.Failed($"did not end within {limit}");
        }

        if (child._process.ExitCode != 0) throw child.Failed($"ended with exit code {child._process.ExitCode}");

        var lines = new List<string>();
        while (child._output.Reader.TryRead(out var line)) lines.Add(line);
        return string.Join('\n', lines);
    }

    /// <summary>Waits until the process is ready, and ends it if it does not become ready.</summary>
    /// <returns>The process itself.</returns>
    public async Task<ChildProcess> OnceAsync(Func<ChildProcess, Task> isReady)
    {
        try
        {
            await isReady(this);
            return this;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it prints this line.</summary>
    public async Task UntilAsync(string wanted, CancellationToken cancellationToken)
    {
        while (await ReadLineAsync(cancellationToken) != wanted)
        {
        }
    }

    /// <summary>Sends it a line and waits for the one that it answers.</summary>
    public async Task<string> AskAsync(string question, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(question.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return await ReadLineAsync(cancellationToken);
    }

    /// <summary>The next line that it prints.</summary>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _output.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw Failed("ended");
        }
        catch (TimeoutException)
        {
            throw Failed($"said nothing for {Patience}");
        }
    }

    public void ThrowIfEnded()
    {
        if (_process.HasExited) throw Failed($"ended with exit code {_process.ExitCode}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void KeepOutput(string? line)
    {
        if (line is null) _output.Writer.TryComplete();
        else _output.Writer.TryWrite(line);
    }

    private void KeepError(string? line)
    {
        lock (_errors)
        {
            if (line is not null) _errors.Enqueue(line);
            if (_errors.Count > LinesKept) _errors.Dequeue();
        }
    }

    private BenchmarkException Failed(string how)
    {
        var last = new List<string>();
        while (_output.Reader.TryRead(out var line)) last.Add(line);
        lock (_errors) last.AddRange(_errors);
        return new BenchmarkException(
            $"'{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}' "
            + $"{how}.\n{string.Join('\n', last.TakeLast(20))}");
    }
}
