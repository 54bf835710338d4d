using AiPlatform.Jobs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs;

public sealed class QueueNameTests
{
    [Theory]
    [InlineData("all-minilm-l6-v2", "all-minilm-l6-v2")]
    [InlineData("BAAI/bge-m3", "_42_41_41_49_2fbge-m3")]
    [InlineData("a_b", "a_5fb")]
    [InlineData("ü", "_c3_bc")]
    public void ForModel_AnyName_IsUrlSafe(string model, string expected) => Assert.Equal(expected, QueueName.ForModel(model).Value);

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("a_5")]
    [InlineData("a_5F")]
    [InlineData("a{b}")]
    [InlineData("a b")]
    public void TryParse_NotAnEscapedName_IsRefused(string text) => Assert.False(QueueName.TryParse(text, out _));

    [Fact]
    public void ForModel_TooLong_IsRefused() => Assert.Throws<ArgumentException>(() => QueueName.ForModel(new string('a', 129)));

    [Fact]
    public void ForModel_TwoNames_NeverShareAQueue() =>
        Prop.ForAll<NonEmptyString, NonEmptyString>((one, other) =>
        {
            var (a, b) = (WellFormed(one), WellFormed(other));
            return (a == b) == (QueueName.ForModel(a) == QueueName.ForModel(b))
                && QueueName.TryParse(QueueName.ForModel(a).Value, out var parsed) && parsed == QueueName.ForModel(a);
        }).QuickCheckThrowOnFailure();

    private static string WellFormed(NonEmptyString text) =>
        new([.. text.Get.Where(c => !char.IsSurrogate(c)).Take(QueueName.MaxModelLength).DefaultIfEmpty('x')]);
}
