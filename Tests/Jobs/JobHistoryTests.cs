using AiPlatform.Jobs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs;

public sealed class JobHistoryTests
{
    private static readonly DateTimeOffset Created = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Parse_StoredForm_GivesEveryChange()
    {
        var history = JobHistory.Parse("q0 r12 q3050 r3061+3 s4000+25", Created);

        Assert.Equal(
            [
                new(1, JobStatus.Queued, Created, 0, 0),
                new(2, JobStatus.Running, Created.AddMilliseconds(12), 1, 0),
                new(3, JobStatus.Queued, Created.AddMilliseconds(3_050), 1, 0),
                new(7, JobStatus.Running, Created.AddMilliseconds(3_061), 2, 3),
                new(30, JobStatus.Succeeded, Created.AddMilliseconds(4_000), 2, 25),
            ],
            history.Changes);
        Assert.Equal(Created.AddMilliseconds(3_061), history.LastAt(JobStatus.Running));
        Assert.Null(history.LastAt(JobStatus.Failed));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("x1 q r- rx")]
    public void Parse_NothingReadable_IsAJobThatWasJustSubmitted(string text) =>
        Assert.Equal(JobHistory.Begin(Created).Changes, JobHistory.Parse(text, Created).Changes);

    [Theory]
    [InlineData("q0 r5+ s9")]
    [InlineData("q0 r5+x s9")]
    [InlineData("q0 r5+1+2 s9")]
    [InlineData("q0 r5+99999999999999999999 s9")]
    [InlineData("q0 r999999999999999999 s9")]
    [InlineData("q0 R5 s9")]
    public void Parse_OneCannotBeRead_IsLeftOut(string text) =>
        Assert.Equal([JobStatus.Queued, JobStatus.Succeeded], JobHistory.Parse(text, Created).Changes.Select(change => change.Status));

    [Fact]
    public void Parse_AnyText_GivesAtLeastTheSubmit() => FsCheck.Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(
            Gen.ArrayOf(Gen.Elements("qrsfce0999 +".ToCharArray())).Select(text => new string(text)).ToArbitrary(),
            text => JobHistory.Parse(text, Created).Changes.Count > 0));

    /// <summary>The numbers between those of the changes belong to the events, whatever the changes are.</summary>
    [Fact]
    public void Parse_AnyChanges_SequenceHasRoomForTheEventsAndNoMore() => FsCheck.Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(
            Gen.ArrayOf(Gen.Zip(Gen.Elements("qrsfce".ToCharArray()), Gen.Choose(0, 5), (letter, events) => (letter, events)))
                .Select(Stored).ToArbitrary(),
            stored =>
            {
                var changes = JobHistory.Parse(stored.Text, Created).Changes;

                Assert.Equal(stored.Events.Length, changes.Count);
                Assert.Equal(stored.Events, changes.Select(change => change.EventsBefore));
                Assert.Equal(stored.Text.Count(c => c == 'r'), changes[^1].Attempt);
                var (next, events) = (1L, 0L);
                foreach (var change in changes)
                {
                    Assert.Equal(next + change.EventsBefore - events, change.Sequence);
                    (next, events) = (change.Sequence + (change.Status.IsFinished ? 2 : 1), change.EventsBefore);
                }
            }));

    private static (string Text, long[] Events) Stored((char Letter, int Events)[] steps)
    {
        var (text, events, all) = ("q0", 0L, new List<long> { 0 });
        for (var i = 0; i < steps.Length; i++)
        {
            events += steps[i].Events;
            all.Add(events);
            text += $" {steps[i].Letter}{i * 10}{(events > 0 ? $"+{events}" : "")}";
        }

        return (text, [.. all]);
    }
}
