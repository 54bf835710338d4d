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
    [InlineData("_61")]
    [InlineData("a_c3")]
    [InlineData("_ff_fe")]
    [InlineData("__")]
    [InlineData("____gpt")]
    [InlineData("__a_5")]
    public void TryParse_NotAnEscapedName_IsRefused(string text) => Assert.False(QueueName.TryParse(text, out _));

    [Theory]
    [InlineData("gpt-4o", "__gpt-4o", "gpt-4o")]
    [InlineData("a_b", "__a_5fb", "a_5fb")]
    public void ForProvider_AnyName_IsAnotherQueueThanAWorkersOfTheName(string model, string expected, string name)
    {
        var queue = QueueName.ForProvider(model);

        Assert.NotEqual(QueueName.ForModel(model), queue);
        Assert.True(QueueName.TryParse(queue.Value, out var parsed));
        Assert.Equal(queue, parsed);
        Assert.Equal((expected, name, model), (queue.Value, queue.Name, queue.Model));
    }

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

    [Theory]
    [InlineData('a')]
    [InlineData('A')]
    [InlineData('ü')]
    [InlineData('模')]
    public void TryParse_QueueOfTheLongestName_IsTaken(char c)
    {
        var queue = QueueName.ForModel(new string(c, QueueName.MaxModelLength));

        Assert.True(QueueName.TryParse(queue.Value, out var parsed));
        Assert.Equal(queue, parsed);
        Assert.Equal(new string(c, QueueName.MaxModelLength), parsed.Model);
    }

    [Fact]
    public void Model_OfItsQueue_IsTheName() =>
        Prop.ForAll<NonEmptyString>(name =>
        {
            var model = WellFormed(name);
            return QueueName.ForModel(model).Model == model && QueueName.ForModel(model + "😀").Model == model + "😀";
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryParse_AnyText_TakesOnlyTheQueueOfAModel() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(5_000),
        Prop.ForAll(
            Gen.ArrayOf(Gen.Elements("_____0246acef".ToCharArray())).Select(text => new string(text)).ToArbitrary(),
            text => !QueueName.TryParse(text, out var queue)
                || QueueName.ForModel(queue.Model) == queue || QueueName.ForProvider(queue.Model) == queue));

    private static string WellFormed(NonEmptyString text) =>
        new([.. text.Get.Where(c => !char.IsSurrogate(c)).Take(QueueName.MaxModelLength - 2).DefaultIfEmpty('x')]);
}
