using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.EndToEnd.Chat;
using Xunit;
using static AiPlatform.Tests.EndToEnd.Chat.ChatPlatform;

namespace AiPlatform.Tests.Cli;

/// <summary>Runs the commands against a real Gateway and a real worker.</summary>
public sealed class CliTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private string Port => platform.Platform.Gateway.Address.Port.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task Models_AreATable()
    {
        await using var sut = CliProcess.Start("models", "--port", Port);

        Assert.Equal(0, await sut.EndAsync());
        var row = Assert.Single(sut.Output.Split('\n'), line => line.Contains(Model, StringComparison.Ordinal));
        Assert.Matches($@"^ *{Model} *│ *text-generation *│ *8192 *│ *cpu *│ *1 *│ *- *$", row);
        Assert.Contains("context", sut.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', sut.Output);
    }

    /// <summary>The command line comes before the environment.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:{0}", null)]
    [InlineData(null, "http://127.0.0.1:{0}/")]
    [InlineData("http://localhost:{0}/", "http://127.0.0.1:1")]
    public async Task Models_AddressIsGiven_AsksThisGateway(string? option, string? variable)
    {
        string Filled(string url) => string.Format(CultureInfo.InvariantCulture, url, Port);
        await using var sut = CliProcess.Start(
            variable is null ? null : Filled(variable), option is null ? ["models"] : ["models", "--url", Filled(option)]);

        Assert.Equal(0, await sut.EndAsync());
        Assert.Contains(Model, sut.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ai.example.com")]
    [InlineData("ftp://ai.example.com")]
    [InlineData("https://ai.example.com/?a=b")]
    [InlineData("https://user:pass@ai.example.com")]
    [InlineData("")]
    public async Task Models_NoAddress_IsRefused(string url)
    {
        await using var sut = CliProcess.Start("models", "--url", url);

        Assert.Equal(2, await sut.EndAsync());
        Assert.StartsWith("error: --url takes the Gateway's address, such as https://ai.example.com, not", sut.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_Json_IsTheGateways()
    {
        await using var sut = CliProcess.Start("models", "--json", "--port", Port);

        Assert.Equal(0, await sut.EndAsync());
        var list = JsonDocument.Parse(sut.Output).RootElement;
        Assert.Equal(Model, Assert.Single(list.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("models")]
    [InlineData("chat")]
    [InlineData("jobs", "list")]
    [InlineData("jobs", "follow", "job_1")]
    public async Task NoGateway_IsSaidInPlainWords(params string[] command)
    {
        var port = FreePort.Next().ToString(CultureInfo.InvariantCulture);
        await using var sut = CliProcess.Start([.. command, "--port", port]);

        Assert.Equal(1, await sut.EndAsync());
        Assert.Equal(
            $"error: No Gateway answers at http://127.0.0.1:{port}. './ai up' in a checkout of AiPlatform starts one; "
                + "--url or AI_URL names another one.\n",
            sut.Errors);
        Assert.Equal("", sut.Output);
    }

    /// <summary>A wrong command line names the command whose help describes it.</summary>
    [Theory]
    [InlineData("Required command was not provided.", "aiplatform jobs", "jobs")]
    [InlineData("Required argument missing for command: 'show'.", "aiplatform jobs show", "jobs", "show")]
    [InlineData("--status takes one of queued, running,", "aiplatform jobs list", "jobs", "list", "--status", "done")]
    [InlineData("ID takes a job's id, such as job_…, not ''.", "aiplatform jobs follow", "jobs", "follow", "")]
    [InlineData("ID takes a job's id, such as job_…, not '..'.", "aiplatform jobs show", "jobs", "show", "..", "--json")]
    [InlineData("ID takes a job's id, such as job_…, not '7'.", "aiplatform jobs cancel", "jobs", "cancel", "job_1", "7")]
    [InlineData("--limit takes a number from 1 to 100000, not '0'.", "aiplatform jobs list", "jobs", "list", "--limit", "0")]
    [InlineData("--url and --port both name the Gateway", "aiplatform doctor", "doctor", "--url", "http://a", "--port", "1")]
    [InlineData("Unrecognized command or argument 'nothing'.", "aiplatform", "nothing")]
    [InlineData("'key' takes 'new' and the name of a tenant.", "aiplatform key", "key")]
    public async Task Misuse_SaysWhereHelpIs(string said, string command, params string[] arguments)
    {
        await using var sut = CliProcess.Start(arguments);

        Assert.Equal(2, await sut.EndAsync());
        Assert.StartsWith($"error: {said}", sut.Errors, StringComparison.Ordinal);
        Assert.EndsWith($"'{command} --help' shows the usage.\n", sut.Errors, StringComparison.Ordinal);
        Assert.Equal("", sut.Output);
    }

    [Theory]
    [InlineData("aiplatform [command] [options]")]
    [InlineData("aiplatform chat [options]", "chat", "--help")]
    [InlineData("aiplatform jobs follow <ID> [options]", "jobs", "follow", "--help")]
    [InlineData("aiplatform doctor [options]", "doctor", "-h")]
    [InlineData("usage: aiplatform key new TENANT", "key", "--help")]
    [InlineData("The key, which nobody can show again:", "key", "new", "search")]
    [InlineData("0.", "--version")]
    public async Task Help_IsOnStandardOutput(string said, params string[] arguments)
    {
        await using var sut = CliProcess.Start(arguments);

        Assert.Equal(0, await sut.EndAsync());
        Assert.Contains(said, sut.Output, StringComparison.Ordinal);
        Assert.Equal("", sut.Errors);
    }

    [Fact]
    public async Task Key_ThatNoHeaderCarries_IsRefused()
    {
        await using var sut = CliProcess.Start($"http://127.0.0.1:{Port}", ["models"], "aip_a\nb");

        Assert.Equal(2, await sut.EndAsync());
        Assert.StartsWith("error: AI_API_KEY has a blank, a line end", sut.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_PipedLines_AreAnsweredAndRemembered()
    {
        await using var sut = CliProcess.Start("chat", "--port", Port, "--temperature", "0", "--max-tokens", "16", "--system", "Be brief.");
        await sut.SendAsync("What is the capital of France?\n\nAnd of Italy?\n");

        Assert.Equal(0, await sut.EndAsync());
        JsonObject Said(string role, string text) => new() { ["role"] = role, ["content"] = text };
        var messages = new JsonArray(Said("system", "Be brief."), Said("user", "What is the capital of France?"));
        var first = await AskAsync(messages);
        messages.Add(Said("assistant", first));
        messages.Add(Said("user", "And of Italy?"));
        var second = await AskAsync(messages);
        Assert.Equal($"{first}\n{second}\n", sut.Output);
        Assert.DoesNotContain('\u001b', sut.Output + sut.Errors);
        Assert.Equal(2, sut.Errors.Split("tokens/s").Length - 1);
    }

    [Fact]
    public async Task Chat_Commands_ChangeWhatIsAsked()
    {
        await using var sut = CliProcess.Start("chat", "--port", Port, "--temperature", "0", "--max-tokens", "12");
        await sut.SendAsync(
            "Hello!\n/clear\n/system Be brief.\nWhy is the sky blue?\n/model\n/model nobody\n/nothing\n/help\n/exit\nnever asked\n");

        Assert.Equal(1, await sut.EndAsync());
        var hello = await AskAsync(new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello!" }), tokens: 12);
        var sky = await AskAsync(
            new JsonArray(
                new JsonObject { ["role"] = "system", ["content"] = "Be brief." },
                new JsonObject { ["role"] = "user", ["content"] = "Why is the sky blue?" }),
            tokens: 12);
        Assert.Equal($"{hello}\n{sky}\n", sut.Output);
        Assert.Contains($"{Model}\n", sut.Errors, StringComparison.Ordinal);
        Assert.Contains($"There is no model 'nobody'. Models that can chat: {Model}.", sut.Errors, StringComparison.Ordinal);
        Assert.Contains("There is no command '/nothing'", sut.Errors, StringComparison.Ordinal);
        Assert.Contains("/system TEXT", sut.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_GatewaysError_IsShownInItsWords()
    {
        await using var sut = CliProcess.Start("chat", "--port", Port, "--max-tokens", "9000");
        await sut.SendAsync("Hello!\n");

        Assert.Equal(1, await sut.EndAsync());
        Assert.Contains("error: An answer of up to 9000 tokens is asked for", sut.Errors, StringComparison.Ordinal);
        Assert.Equal("", sut.Output);
    }

    [Theory]
    [InlineData("--model", "nobody")]
    [InlineData("--model", "")]
    [InlineData("--max-tokens", "0")]
    [InlineData("--temperature", "3")]
    [InlineData("--nothing", "1")]
    public async Task Chat_WrongOption_IsNamed(string option, string value)
    {
        await using var sut = CliProcess.Start("chat", "--port", Port, option, value);

        Assert.Equal(value == "nobody" ? 1 : 2, await sut.EndAsync());
        Assert.Contains(value == "nobody" ? "There is no model 'nobody'" : option, sut.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_CtrlCInMidAnswer_EndsTheAnswerAndAtThePromptTheProgram()
    {
        await using var sut = CliProcess.Start("chat", "--port", Port, "--max-tokens", "4000");
        await sut.SendAsync("Tell me a very long story about a ship and its crew.\n");
        await sut.UntilAsync(one => one.Output.Length > 0, "the answer has begun");

        await sut.InterruptAsync();
        await sut.UntilAsync(one => one.Errors.Contains("stopped]", StringComparison.Ordinal), "the answer was stopped");
        await sut.SendAsync("/model\n");
        await sut.UntilAsync(one => one.Errors.Contains(Model, StringComparison.Ordinal), "the program goes on");
        await sut.InterruptAsync();

        Assert.Equal(130, await sut.ExitCodeAsync());
    }

    [Fact]
    public async Task Chat_OnATerminal_HasAPromptAndObeysCtrlC()
    {
        if (!File.Exists("/usr/bin/script")) Assert.Skip("There is no 'script', which makes terminals.");

        const string Line = "Tell me a very long story about a ship and its crew.";
        await using var sut = CliProcess.StartOnTerminal("chat", "--port", Port, "--max-tokens", "4000");
        await sut.UntilAsync(one => one.Output.Contains("> ", StringComparison.Ordinal), "the prompt is there");
        await sut.SendAsync($"{Line}\r");
        await sut.UntilAsync(HasBegun, "the answer has begun");
        await sut.SendAsync("\u0003");
        await sut.UntilAsync(one => one.Output.Contains("stopped]", StringComparison.Ordinal), "the answer was stopped");
        await sut.SendAsync("/exit\r");

        Assert.Equal(0, await sut.ExitCodeAsync());
        Assert.Contains("\u001b[", sut.Output, StringComparison.Ordinal);

        // A line that is typed before the program reads is echoed twice: by the terminal, and by the program when it reads.
        static bool HasBegun(CliProcess sut)
        {
            var parts = sut.Output.Split($"{Line}\r\n");
            return parts.Length > 1 && parts[^1].Length > 20 && !Line.StartsWith(parts[^1][..20], StringComparison.Ordinal);
        }
    }

    private async Task<string> AskAsync(JsonArray messages, int tokens = 16) => ContentOf(await platform.AnswerAsync(new JsonObject
    {
        ["model"] = Model,
        ["messages"] = messages.DeepClone(),
        ["temperature"] = 0,
        ["max_tokens"] = tokens,
    }));
}
