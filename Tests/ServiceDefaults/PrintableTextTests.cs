using AiPlatform.ServiceDefaults.Telemetry;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("plain ü 😀 'quoted'", "plain ü 😀 'quoted'")]
    [InlineData("\u001b[31mred\u0007", "\\u001B[31mred\\u0007")]
    [InlineData("a\r\nb\tc\u2028d\u0085", "a\\u000D\\u000Ab\\u0009c\\u2028d\\u0085")]
    [InlineData("\u202Egpj.exe", "\\u202Egpj.exe")]
    public void Of_AnyText_CanBePrinted(string text, string printed) => Assert.Equal(printed, PrintableText.Of(text));
}
