using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>An event as a client reads it. <c>gap</c> has no id.</summary>
internal sealed record ReadEvent(long? Id, string Kind, string Data);

/// <summary>Reads a job's events as they come, with the framework's own parser.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly HttpResponseMessage _response;
    private readonly SseParser<ReadEvent> _parser;
    private readonly IAsyncEnumerator<SseItem<ReadEvent>> _items;

    private EventReader(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _parser = SseParser.Create(stream, (kind, data) => new ReadEvent(null, kind, System.Text.Encoding.UTF8.GetString(data)));
        _items = _parser.EnumerateAsync().GetAsyncEnumerator();
    }

    public HttpResponseMessage Response => _response;

    /// <param name="client">The client of the job.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="after">The id of the last event that was received.</param>
    public static async Task<EventReader> OpenAsync(HttpClient client, string jobId, long? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{jobId}/events");
        if (after is not null) request.Headers.Add("Last-Event-ID", $"{after}");
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Bound);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new EventReader(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>All events of an ended job, or those after one event.</summary>
    public static async Task<List<ReadEvent>> ReadAllAsync(HttpClient client, string jobId, long? after = null)
    {
        await using var reader = await OpenAsync(client, jobId, after);
        return await reader.ReadToEndAsync();
    }

    /// <summary>The next event; null when the stream has ended.</summary>
    public async Task<ReadEvent?> NextAsync()
    {
        if (!await _items.MoveNextAsync().AsTask().WaitAsync(Bound)) return null;

        var item = _items.Current;
        return item.Data with { Id = item.EventId is { } id ? long.Parse(id, CultureInfo.InvariantCulture) : null };
    }

    public async Task<List<ReadEvent>> NextAsync(int count)
    {
        List<ReadEvent> events = [];
        while (events.Count < count) events.Add(await NextAsync() ?? throw new InvalidOperationException($"The stream ended after {events.Count} events."));
        return events;
    }

    public async Task<List<ReadEvent>> ReadToEndAsync()
    {
        List<ReadEvent> events = [];
        while (await NextAsync() is { } one) events.Add(one);
        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await _items.DisposeAsync();
        _response.Dispose();
    }
}
