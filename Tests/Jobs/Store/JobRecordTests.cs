using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Store;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Reads the records of this version. The literals are as <see cref="RedisKeys"/> documents them.</summary>
public sealed class JobRecordTests
{
    private const string Caller = "1\t1700000000000\t1700000300000\ti\t12\tteam-a\t/v1/embeddings\tm={\"k\":\"ü\\t😀\"}";
    private const string Result = "[1,\n2]\t";

    private static readonly JobId Id = JobId.FromKey("01hf7yat00000000000000000a", QueueName.ForModel("BAAI/bge-m3"));
    private static readonly DateTimeOffset Created = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    [Fact]
    public void Read_Queued_IsWhatWasSubmitted()
    {
        var job = Read(Caller + "\tt=00-1-2-01\tw=gateway-1\n{\"input\":\"x\"}", "", 3);

        Assert.Equal((Id, JobStatus.Queued, "/v1/embeddings", "BAAI/bge-m3", "team-a", Lane.Interactive),
            (job.Id, job.Status, job.Endpoint, job.Model, job.Tenant, job.Lane));
        Assert.Equal((Created, Created.AddMinutes(5)), (job.CreatedAt, job.Deadline));
        Assert.Equal((0, 0L, 3L, 1L), (job.Attempts, job.EventCount, job.Position, job.LastSequence));
        Assert.Equal("{\"k\":\"ü\\t😀\"}", job.Metadata);
        Assert.Equal([null, null, null, null], new object?[] { job.Error, job.Usage, job.Progress, job.Output });
        Assert.Equal([null, null], new[] { job.StartedAt, job.FinishedAt });
    }

    [Fact]
    public void Read_Running_TellsItsAttemptsAndEvents()
    {
        var job = Read(Caller + "\tt=00-1-2-01\tp={\"done\":3}\n", "r 2 1 0 5 team-a worker-1 q0 r5 q10+2 r20+3", -1);

        Assert.Equal((JobStatus.Running, 2, 5L, "{\"done\":3}"), (job.Status, job.Attempts, job.EventCount, job.Progress));
        Assert.Equal((Created.AddMilliseconds(20), 7L), (job.StartedAt, job.LastSequence));
        Assert.Equal([null, null], new object?[] { job.Position, job.FinishedAt });
    }

    [Fact]
    public void Read_WaitsAgain_IsQueued()
    {
        var job = Read(Caller + "\n", "q 2 1 1 0 team-a - q0 r5 q10 r20 q30", 0);

        Assert.Equal((JobStatus.Queued, 2, 0L, 5L), (job.Status, job.Attempts, job.Position, job.LastSequence));
    }

    [Fact]
    public void Read_Succeeded_HasItsResult()
    {
        const string Record = Caller + "\ts=succeeded\ta=2\th=q0 r5 q10 r20+2 s30+4\tu={\"total_tokens\":3}\to=text/x\tp={\"done\":9}\n" + Result;

        var job = Read(Record, "", -1);
        var without = JobRecord.Read(Id, Encoding.UTF8.GetBytes(Record), "", -1, withOutput: false);

        Assert.Equal((JobStatus.Succeeded, 2, 4L, 10L), (job.Status, job.Attempts, job.EventCount, job.LastSequence));
        Assert.Equal((Created.AddMilliseconds(20), Created.AddMilliseconds(30)), (job.StartedAt, job.FinishedAt));
        Assert.Equal(("{\"total_tokens\":3}", "{\"done\":9}", "text/x"), (job.Usage, job.Progress, job.Output!.ContentType));
        Assert.Equal(Result, Encoding.UTF8.GetString(job.Output.Content.Span));
        Assert.Null(without.Output);
    }

    [Theory]
    [InlineData("failed", JobStatus.Failed)]
    [InlineData("canceled", JobStatus.Canceled)]
    [InlineData("expired", JobStatus.Expired)]
    public void Read_EndedWithoutAResult_HasItsErrorAndNoOutput(string name, JobStatus status)
    {
        var job = Read($"{Caller}\ts={name}\ta=3\th=q0 r5 {name[0]}30\te={{\"kind\":\"ModelFailed\",\"message\":\"a\\tb\"}}\n{{\"input\":\"x\"}}", "", -1);

        Assert.Equal((status, 3, 4L), (job.Status, job.Attempts, job.LastSequence));
        Assert.Equal(new InferenceError { Kind = InferenceErrorKind.ModelFailed, Message = "a\tb" }, job.Error);
        Assert.Null(job.Output);
    }

    [Theory]
    [InlineData("", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c")]
    [InlineData("\ts=succeeded\ta=1\th=q0 r1 s2", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c")]
    [InlineData("", "00-1-2-01", null)]
    [InlineData("", "<script>", null)]
    public void Read_Traceparent_TellsTheTraceIfItIsOne(string ended, string traceparent, string? trace) =>
        Assert.Equal(trace, Read($"{Caller}\tt={traceparent}{ended}\n", "", -1).TraceId);

    [Fact]
    public void Read_FieldsOfAnotherVersion_ArePassedOver()
    {
        var job = Read(Caller + "\tz=new\tnonsense\t\ts=succeeded\tx\ta=1\tq=\th=q0 r1 s2\tS=failed\n1", "", -1);

        Assert.Equal((JobStatus.Succeeded, 1, "{\"k\":\"ü\\t😀\"}"), (job.Status, job.Attempts, job.Metadata));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("\n", "")]
    [InlineData("no line", "")]
    [InlineData("1\t1700000000000\t1700000300000\ti\t12\tteam-a\n", "")]
    [InlineData("1\tx\t1700000300000\ti\t12\tteam-a\t/v1/embeddings\n", "")]
    [InlineData("1\t1700000000000\t-1\ti\t12\tteam-a\t/v1/embeddings\n", "")]
    [InlineData("1\t99999999999999999999\t1700000300000\ti\t12\tteam-a\t/v1/embeddings\n", "")]
    [InlineData("1\t1700000000000\t999999999999999999\ti\t12\tteam-a\t/v1/embeddings\n", "")]
    [InlineData(Caller + "\ts=new\ta=1\th=q0 n1\n", "")]
    [InlineData(Caller + "\n", "r 1 0 0 0 team-a worker-1")]
    [InlineData(Caller + "\n", "nonsense")]
    public void Read_NothingThatWasStored_IsAFormatException(string record, string state) =>
        Assert.Throws<FormatException>(() => Read(record, state, -1));

    [Fact]
    public void Read_FormOfANewerVersion_SaysSo() =>
        Assert.Throws<NewerRecordException>(() => Read("2\t1700000000000\t1700000300000\ti\t12\tteam-a\t/v1/embeddings\n", "", -1));

    [Fact]
    public void Read_AnyBytes_IsAJobOrAFormatException() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3_000),
        Prop.ForAll(Damaged().ToArbitrary(), record =>
        {
            try
            {
                JobRecord.Read(Id, record, "", -1, withOutput: true);
            }
            catch (FormatException)
            {
                // The parser refused the damaged record, as it should.
            }
        }));

    /// <summary>A record with some bytes changed, removed or inserted.</summary>
    private static Gen<byte[]> Damaged()
    {
        var whole = Encoding.UTF8.GetBytes(Caller + "\ts=succeeded\ta=2\th=q0 r5+1 s30+4\tu={}\n" + Result);
        var damage = Gen.Zip(Gen.Choose(0, whole.Length - 3), Gen.Choose(0, 2), (at, cut) => (at, cut));
        var bytes = Gen.ArrayOf(Gen.Elements("0123456789999\t\n =+-sh"u8.ToArray().Append((byte)0xff).ToArray()));
        return Gen.Zip(damage, bytes, (where, put) => (byte[])[.. whole[..where.at], .. put, .. whole[(where.at + where.cut)..]]);
    }

    private static Job Read(string record, string state, long position) =>
        JobRecord.Read(Id, Encoding.UTF8.GetBytes(record), state, position, withOutput: true);
}
