using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Client;
using SupportBot.Api;
using Xunit;

namespace SupportBot.Tests;

/// <summary>What customers of the service see.</summary>
public sealed class TicketTests(SupportBotSystem system) : IClassFixture<SupportBotSystem>
{
    private const string Short = "I was charged twice for order 4711. Please give me my money back today!";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_ShortTicket_IsAnsweredAtOnceWithAValidAnswer()
    {
        using var reply = await PostAsync(Short);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        AssertAnswered(await TicketOf(reply));
    }

    [Fact]
    public async Task Post_LongTicket_IsAcceptedAndAnsweredLater()
    {
        var location = await SubmitLongAsync();

        AssertAnswered(await EndOfAsync(location));
    }

    [Fact]
    public async Task LongTicket_WorkerKilled_IsAnsweredByTheNextOne()
    {
        var location = await SubmitLongAsync();
        await SupportBotSystem.UntilAsync(() => GetAsync(location), ticket => ticket.Status == "running", "it runs");

        await system.KillAndStartAsync("ai-inference");

        var ended = await EndOfAsync(location);
        AssertAnswered(ended);
        using var ai = new AiPlatformClient(AiPlatformClientOptions.Parse(await system.ConnectionStringAsync("ai")));
        Assert.Equal(2, (await ai.Jobs.GetAsync(ended.Id!, Ct)).Attempts);
    }

    [Fact]
    public async Task LongTicket_ServiceKilledAndStarted_IsAnswered()
    {
        var location = await SubmitLongAsync();

        await system.KillAndStartAsync("api");

        AssertAnswered(await EndOfAsync(location));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_PlatformIsAway_Is503ThatSaysWhenToComeAgain(bool isLong)
    {
        using var reply = await PostAsync(isLong ? LongText() : Short, system.Alone);

        await AssertOutageAsync(reply);
    }

    /// <summary>The client of the test gives up after 100 seconds.</summary>
    [Fact]
    public async Task Calls_PlatformAcceptsAndNeverAnswers_Are503InTime()
    {
        Task<HttpResponseMessage>[] calls =
        [
            PostAsync(Short, system.Unanswered),
            PostAsync(LongText(), system.Unanswered),
            system.Unanswered.GetAsync(new Uri("/tickets/job_1", UriKind.Relative), Ct),
        ];

        foreach (var call in calls)
        {
            using var reply = await call;
            await AssertOutageAsync(reply);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"text":null}""")]
    [InlineData("""{"text":"short"}""")]
    [InlineData("""{"text":"                    "}""")]
    [InlineData("""{"text":7}""")]
    [InlineData("no JSON")]
    [InlineData("")]
    [InlineData("""{"text":"\ud800"}""")]
    public async Task Post_BadInput_Is400WithAProblem(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var reply = await system.Http.PostAsync(new Uri("/tickets", UriKind.Relative), content, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Post_TooLongText_Is400ThatNamesIt()
    {
        using var reply = await PostAsync(new string('a', 2_001));

        var problem = await reply.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Contains("Text", problem.GetProperty("errors").ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Get_NoSuchTicket_Is404()
    {
        using var reply = await system.Http.GetAsync(new Uri("/tickets/nobodys", UriKind.Relative), Ct);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
    }

    private static void AssertAnswered(Ticket ticket)
    {
        Assert.True(ticket is { Status: "succeeded", Error: null, Answer: not null }, $"{ticket}");
        Assert.True(Enum.IsDefined(ticket.Answer.Category));
        Assert.InRange(ticket.Answer.Urgency, 1, 5);
        Assert.InRange(ticket.Answer.Summary.Length, 1, 80);
        Assert.InRange(ticket.Answer.Reply.Length, 1, 240);
    }

    private static async Task AssertOutageAsync(HttpResponseMessage reply)
    {
        var problem = await reply.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.True(reply.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal("The AI platform cannot answer now.", problem.GetProperty("title").GetString());
    }

    /// <summary>Each one is another text, so that no part of it is known to the model from a test before.</summary>
    private static string LongText() => $"Ticket {Guid.NewGuid()}. " + string.Concat(Enumerable.Repeat(
        "The parcel with my new lamp came a week late, and its shade is broken. Your driver left it in the rain. ", 15));

    private Task<HttpResponseMessage> PostAsync(string text, HttpClient? http = null) =>
        (http ?? system.Http).PostAsJsonAsync("/tickets", new NewTicket(text), Ct);

    /// <returns>Where the ticket is asked for.</returns>
    private async Task<Uri> SubmitLongAsync()
    {
        using var reply = await PostAsync(LongText());
        Assert.Equal(HttpStatusCode.Accepted, reply.StatusCode);
        return reply.Headers.Location!;
    }

    private Task<Ticket> EndOfAsync(Uri location) => SupportBotSystem.UntilAsync(
        () => GetAsync(location), ticket => ticket.Status is not ("queued" or "running"), "it has ended");

    private async Task<Ticket> GetAsync(Uri location) => (await system.Http.GetFromJsonAsync<Ticket>(location, Ct))!;

    private static async Task<Ticket> TicketOf(HttpResponseMessage reply) => (await reply.Content.ReadFromJsonAsync<Ticket>(Ct))!;
}
