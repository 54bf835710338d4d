using System.Text;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Chat;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Chat;

public sealed class ChatRunTests
{
    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "tools")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\"}}", "response_format.json_schema.schema")]
    [InlineData("\"response_format\":{\"type\":\"regex\",\"regex\":\"a\"}", "response_format.regex")]
    public void NotConstrained_NamesTheFieldOfTheRequest(string field, string param)
    {
        var (call, _) = ChatRequestParser.Parse(
            Encoding.UTF8.GetBytes($$"""{"model":"m","messages":[{"role":"user","content":"a"}],{{field}}}"""));

        var error = ChatRun.NotConstrained(call!, "It is too much.");

        Assert.Equal(param, error.Param);
        Assert.Contains("It is too much.", error.Message, StringComparison.Ordinal);
    }
}
