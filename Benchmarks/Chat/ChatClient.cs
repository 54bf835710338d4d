using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace AiPlatform.Benchmarks.Chat;

/// <summary>Asks a Gateway for streams, and notes when each token comes.</summary>
internal sealed class ChatClient : IDisposable
{
    private const int BufferBytes = 16 * 1024;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly string _model;

    /// <summary>The <c>response_format</c> of all that is asked, as JSON.</summary>
    public string ResponseFormat { get; init; } = """{"type":"text"}""";

    public ChatClient(int port, string model)
    {
        _model = model;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>A chat whose answer has so many tokens, the likeliest ones.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tokens">How many tokens come back.</param>
    /// <param name="until">Leaves the stream when a token has come and this says so; null reads it to its end.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BenchmarkException">It failed, or gave another number of tokens.</exception>
    public async Task<StreamTimes> StreamAsync(
        ChatPrompts.Prompt prompt, int tokens, Func<StreamTimes, bool>? until, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative))
        {
            Content = BodyOf(prompt, tokens, streams: true),
        };
        var times = new StreamTimes(_time.GetTimestamp(), _time);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!answer.IsSuccessStatusCode)
            throw new BenchmarkException($"A chat failed: {await answer.Content.ReadAsStringAsync(cancellationToken)}");

        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var (reader, buffer) = (new ChunkReader(), new byte[BufferBytes]);
        while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var length)
        {
            var now = _time.GetTimestamp();
            times.Add(reader.Read(buffer.AsSpan(0, length)), now);
            if (times.Tokens > 0 && until?.Invoke(times) == true) return times;
        }

        return reader.IsDone && times.Tokens == tokens ? times
            : throw new BenchmarkException($"A stream of {tokens} tokens ended after {times.Tokens}.");
    }

    /// <summary>The text of a whole answer.</summary>
    public async Task<string> AskAsync(ChatPrompts.Prompt prompt, int tokens, CancellationToken cancellationToken)
    {
        using var body = BodyOf(prompt, tokens, streams: false);
        using var answer = await _http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode) throw new BenchmarkException($"A chat failed: {text}");
        using var document = System.Text.Json.JsonDocument.Parse(text);
        return document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    public void Dispose() => _http.Dispose();

    private StringContent BodyOf(ChatPrompts.Prompt prompt, int tokens, bool streams) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"model":"{{_model}}","messages":{{prompt.Messages}},"max_completion_tokens":{{tokens}},"ignore_eos":true,"temperature":0,
            "stream":{{(streams ? "true" : "false")}},"response_format":{{ResponseFormat}}}
            """),
        Encoding.UTF8, Json);
}
