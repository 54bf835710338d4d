using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>The page in a real browser, used as a person would use it.</summary>
public sealed class PageTests(PageWorld world) : IClassFixture<PageWorld>
{
    private const string Schema = """{"type":"object","properties":{"mood":{"enum":["good","bad"]}},"required":["mood"],"additionalProperties":false}""";

    private readonly GatewayHost _gateway = world.Gateway;

    [Fact]
    public async Task Chat_WithAProvidersModel_IsStreamedSaidAnewAndShownAsCode()
    {
        world.Provider.Script(FakeProvider.StreamsWords("Hel", "lo, <b>you</b>!"), FakeProvider.StreamsWords("Once ", "more."));
        await using var user = await OpenAsync("#/playground?model=gpt");

        await user.FillAsync("Message", "Say hello.");
        await user.PressAsync("Enter");
        await user.SeesAsync("Hello, <b>you</b>!");
        await user.SeesAsync("5 tokens");
        await user.SeesAsync("first token");
        await user.UntilAsync("document.querySelector('.stats a[href^=\"http://localhost:18888/traces/detail/\"]')");

        await user.ClickAsync("Regenerate");
        await user.SeesAsync("Once more.");
        await user.SeesNoMoreAsync("Hello, <b>you</b>!");
        var asked = JsonDocument.Parse(world.Provider.Received[^1].Body).RootElement.GetProperty("messages");
        Assert.Equal("Say hello.", Assert.Single(asked.EnumerateArray()).GetProperty("content").GetString());

        await user.ClickAsync("Code");
        await user.SeesAsync($"curl -sN {_gateway.Address}v1/chat/completions");
        (string Language, string Part)[] languages =
            [("C#", ".AsIChatClient()"), ("Python", "from openai import OpenAI"), ("JavaScript", "import OpenAI")];
        foreach (var (language, part) in languages)
        {
            await user.ClickAsync(language);
            await user.SeesAsync(part);
        }

        await user.PressAsync("Escape");
        await user.SeesNoMoreAsync("The same call as code");
        user.AssertNoProblems();
        user.AssertNothingFromElsewhere();
    }

    [Fact]
    public async Task Chat_StoppedOrFailed_SaysSoAndGoesOn()
    {
        world.Provider.Script(
            FakeProvider.Streams([FakeProvider.Chunk("A long story")], done: false, FakeProvider.HangsAsync),
            FakeProvider.Fails(400, "invalid_request_error", "The provider does not like <i>it</i>."), FakeProvider.StreamsWords("Well."));
        await using var user = await OpenAsync("#/playground?model=gpt");

        await user.FillAsync("Message", "Tell me more.");
        await user.ClickAsync("Send");
        await user.SeesAsync("A long story");
        await user.ClickAsync("Stop");
        await user.SeesAsync("stopped");

        await user.FillAsync("Message", "And now?");
        await user.ClickAsync("Send");
        await user.SeesAsync("The provider does not like <i>it</i>.");
        // What was not answered can be sent again as it is.
        await user.ClickAsync("Send");
        await user.SeesAsync("Well.");
        user.AssertNoProblems("400");
    }

    [Fact]
    public async Task Chat_WithASchema_ShowsTheValidatedAnswer()
    {
        world.Provider.Script(FakeProvider.StreamsWords("{\"mood\":", "\"good\"}"));
        await using var user = await OpenAsync("#/playground?model=gpt");

        await user.ClickAsync("Answer in JSON that fits a schema", "checkbox");
        await user.FillAsync("JSON Schema", "{");
        await user.FillAsync("Message", "How are you?");
        await user.ClickAsync("Send");
        await user.SeesAsync("The JSON Schema is not JSON");
        await user.FillAsync("JSON Schema", Schema);
        await user.ClickAsync("Send");

        await user.SeesAsync("fits the schema");
        await user.SeesAsync("\"mood\": \"good\"");
        var format = JsonDocument.Parse(world.Provider.Received[^1].Body).RootElement.GetProperty("response_format");
        Assert.Equal("json_schema", format.GetProperty("type").GetString());
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Embeddings_OfAWorkersModel_AreComparedAndRunAsAJob()
    {
        var model = RedisServer.Unique("vectors");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        await using var user = await OpenAsync($"#/playground?model={model}");

        await user.FillAsync("Text 1", "<script>alert(1)</script>");
        await user.ClickAsync("Add a text");
        await user.FillAsync("Text 4", "four");
        await user.ClickAsync("Compare");
        await user.SeesAsync("4 dimensions");
        await user.UntilAsync("document.querySelectorAll('.heat tbody td').length === 16");
        await user.SeesAsync("1.00");

        await user.ClickAsync("Run as a job");
        await user.SeesAsync("4 vectors of 4 dimensions.");
        await user.SeesAsync("succeeded");
        await user.UntilAsync("document.querySelector('.list a[href^=\"http://localhost:18888/traces/detail/\"]')");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Classification_OfAText_IsShownAsBars()
    {
        var model = RedisServer.Unique("labels");
        await _gateway.ServeAsync(model, dimensions: null, "text-classification");
        await using var worker = FakeWorker.Start(_gateway, model);
        await using var user = await OpenAsync($"#/playground?model={model}");

        await user.FillAsync("Text", "It went well.");
        await user.ClickAsync("Classify");

        await user.SeesAsync("75.0 %");
        await user.SeesAsync("yes");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Jobs_OneIsFoundCanceledAndRunAgain_AsItHappens()
    {
        var model = RedisServer.Unique("jobs");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        await using var user = await OpenAsync("#/jobs");

        await user.FillAsync("Model", model, "combobox");
        await user.FillAsync("Status", "canceled", "combobox");
        await user.SeesAsync("No job fits");
        await user.FillAsync("Status", "queued", "combobox");
        await user.ClickAtAsync($"a[href='#/jobs/{id}']");
        await user.SeesAsync("It waits for a worker");

        await user.ClickAsync("Cancel");
        await user.ClickAsync("Cancel the job");
        await user.SeesAsync("canceled");
        await user.ClickAsync("Run again");
        await user.SeesAsync("live");
        await worker.SucceedAsync(await worker.LeaseAsync());
        await user.SeesAsync("1 vector of 4 dimensions.");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Queues_PausedResumedAndDeadLettersRunAgain_EachIsAskedBack()
    {
        var model = RedisServer.Unique("queue");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        await _gateway.Client.SubmitForIdAsync(model);
        await worker.DieAsync(await worker.LeaseAsync());
        var card = $"section[aria-label='Queue {model}']";
        await using var user = await OpenAsync("#/queues");

        await user.ClickAtAsync($"{card} footer button:first-child");
        await user.ClickAsync("Cancel");
        Assert.False(await IsPausedAsync(model));
        await user.ClickAtAsync($"{card} footer button:first-child");
        await user.ClickAsync("Pause the queue");
        await user.SeesAsync($"{model} is paused.");
        Assert.True(await IsPausedAsync(model));

        await user.UntilAsync($"document.querySelector(\"{card} footer button\").textContent === 'Resume'");
        await user.ClickAtAsync($"{card} footer button:first-child");
        await user.ClickAsync("Resume the queue");
        await user.SeesAsync($"{model} runs again.");
        await user.ClickAtAsync($"{card} footer button:last-child");
        await user.ClickAsync("Run the dead letters again");
        await user.SeesAsync($"1 jobs of {model} wait again.");
        await user.UntilAsync("document.querySelector('.chart canvas')");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Keys_UserAndOperator_SeeWhatTheirKeyMaySee()
    {
        await using var user = await PageUser.OpenAsync(world.Chromium, world.Keyed.Address);

        await user.SeesAsync("This Gateway lets callers in by their key.");
        await user.FillAsync("API key", "nobody's");
        await user.ClickAsync("Continue");
        await user.SeesAsync("does not know this key");
        await user.FillAsync("API key", world.User.Value);
        await user.ClickAsync("Continue");
        await user.SeesAsync("user-1");
        await user.ClickAsync("Models", "link");
        await user.SeesAsync("What can be called");
        Assert.DoesNotContain("Queues", await user.TextAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("Workers\n", await user.TextAsync(), StringComparison.Ordinal);
        await user.GoAsync("#/queues");
        await user.SeesAsync("Queues are for operators");

        await user.ClickAsync("Forget the key");
        await user.FillAsync("API key", world.Operator.Value);
        await user.ClickAsync("Continue");
        await user.ClickAsync("Queues", "link");
        await user.SeesAsync("One for each model.");
        Assert.Null(await user.Page.EvaluateExpressionAsync<string?>("localStorage.getItem('aiplatform.key')"));
        user.AssertNoProblems("401");
    }

    [Fact]
    public async Task Usage_OfToday_IsAChartATableAndCsv()
    {
        using var call = await _gateway.PostTextAsync(
            "/v1/chat/completions", """{"model":"gpt","messages":[{"role":"user","content":"hi"}]}""");
        await using var user = await OpenAsync("#/usage");
        await user.UntilAsync("document.querySelector('.chart canvas')");
        await user.ClickAsync("Calls");
        await user.ClickAsync("By tenant");
        await user.SeesAsync("anonymous");

        await user.Page.EvaluateExpressionAsync("""
            { const make = URL.createObjectURL;
              URL.createObjectURL = (blob) => { blob.text().then((text) => { window.csv = text; }); return make.call(URL, blob); }; }
            0
            """);
        await user.ClickAsync("Download CSV");
        await user.UntilAsync("window.csv");

        var lines = (await user.Page.EvaluateExpressionAsync<string>("window.csv")).Split("\r\n");
        Assert.Equal("date,tenant,model,requests,failed,input_tokens,output_tokens,estimated_tokens,cost", lines[0]);
        Assert.Matches(@"^\d{4}-\d\d-\d\d,anonymous,gpt,[1-9]\d*,\d+,[1-9]\d*,[1-9]\d*,\d+,$", lines[1]);
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Empty_NothingServed_TeachesWhatToDo()
    {
        await using var redis = new RedisServer();
        await redis.InitializeAsync();
        await using var empty = await GatewayHost.StartAsync(redis);
        await using var user = await PageUser.OpenAsync(world.Chromium, empty.Address);

        await user.SeesAsync("./ai up");
        await user.SeesAsync("Providers__openai__BaseUrl");
        await user.GoAsync("#/jobs");
        await user.SeesAsync("No job yet");
        await user.GoAsync("#/models");
        await user.SeesAsync("No worker lives");
        await user.GoAsync("#/usage");
        await user.SeesAsync("Nothing was used in these days");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Docs_OfTheApi_AreShownWithoutTheInternet()
    {
        await using var user = await OpenAsync("docs/");

        await user.SeesAsync("AiPlatform Gateway");
        await user.SeesAsync("Classification");
        user.AssertNoProblems();
        user.AssertNothingFromElsewhere();
    }

    private Task<PageUser> OpenAsync(string path) => PageUser.OpenAsync(world.Chromium, _gateway.Address, path);

    private async Task<bool> IsPausedAsync(string queue)
    {
        var list = await _gateway.Client.GetFromJsonAsync<JsonElement>("/v1/queues");
        return list.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("queue").GetString() == queue).GetProperty("paused").GetBoolean();
    }
}
