using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

/// <summary>What holds on any device, for any requests, with any number of batches between two arrivals.</summary>
public sealed class RowQueuePropertyTests
{
    private const int MaxPassedOver = 4;

    private static readonly BatchLimits Limits = new(MaxRows: 6, MaxTokens: 200);

    public static TheoryData<string> Devices => Costs.All;

    /// <summary>A request's lengths, and batches taken after it came.</summary>
    private static Gen<(int[] Lengths, int Takes)> Arrival =>
        from lengths in Gen.Frequency((4, Gen.Choose(1, 64).ArrayOf(1)), (1, Gen.Choose(1, 64).NonEmptyListOf().Select(list => list.ToArray())))
        from takes in Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Constant(1)), (1, Gen.Choose(2, 4)))
        select (lengths, takes);

    [Theory]
    [MemberData(nameof(Devices))]
    public void Take_AnyArrivals_RowsComeOnceWithinTheLimitsAndNobodyIsPassedOverTooOften(string device) => Prop.ForAll(
        Arrival.NonEmptyListOf().ToArbitrary(),
        arrivals =>
        {
            var model = new QueueModel(new RowQueue(Limits, Costs.Named(device)));
            foreach (var (lengths, takes) in arrivals)
            {
                model.Add(lengths);
                for (var i = 0; i < takes && model.Queue.Rows > 0; i++) model.Take();
            }

            while (model.Queue.Rows > 0) model.Take();

            Assert.Equal(arrivals.Sum(arrival => arrival.Lengths.Length), model.Taken.Count);
            Assert.Equal(model.Taken.Count, model.Taken.Distinct().Count());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [MemberData(nameof(Devices))]
    public void Take_SingleBesideABigRequest_IsInOneOfTheNextTwoBatches(string device) => Prop.ForAll(
        Gen.Choose(1, 64).ArrayOf(2_048).ToArbitrary(),
        Gen.Choose(1, 64).ToArbitrary(),
        Gen.Choose(0, 20).ToArbitrary(),
        (big, single, taken) =>
        {
            var model = new QueueModel(new RowQueue(Limits, Costs.Named(device)));
            model.Add(big);
            for (var i = 0; i < taken; i++) model.Take();
            var waiting = model.Add([single]);

            var next = model.Take().Concat(model.Take());

            Assert.Contains(next, row => row.Request == waiting);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    /// <summary>The queue, and beside it in plain words who waits in which order and how often each was passed over.</summary>
    private sealed class QueueModel(RowQueue queue)
    {
        private readonly List<(EmbeddingRun Request, int RowsLeft, int PassedOver)> _waiting = [];

        public RowQueue Queue => queue;

        public List<(EmbeddingRun, int)> Taken { get; } = [];

        public EmbeddingRun Add(int[] lengths)
        {
            var request = new EmbeddingRun(
                Array.ConvertAll(lengths, length => new int[length]), EmbeddingOutput.Create(lengths.Length, 4, 0, EmbeddingFormat.Float));
            Assert.True(queue.TryAdd(request));
            _waiting.Add((request, lengths.Length, 0));
            return request;
        }

        public List<WaitingRow> Take()
        {
            List<WaitingRow> batch = [];
            Assert.True(queue.Take(batch));
            var longest = batch.Max(row => row.Length);
            Assert.True(batch.Count == 1 || Limits.Allow(batch.Count, longest));
            Assert.Contains(batch, row => row.Request == _waiting[0].Request);

            Taken.AddRange(batch.Select(row => (row.Request, row.Index)));
            Count(batch);
            return batch;
        }

        private void Count(List<WaitingRow> batch)
        {
            var youngest = _waiting.FindLastIndex(one => batch.Exists(row => row.Request == one.Request));
            for (var i = 0; i < _waiting.Count; i++)
            {
                var (request, left, passedOver) = _waiting[i];
                var rows = batch.Count(row => row.Request == request);
                _waiting[i] = (request, left - rows, rows > 0 ? 0 : i < youngest ? passedOver + 1 : passedOver);
                Assert.InRange(_waiting[i].PassedOver, 0, MaxPassedOver);
            }

            var oldest = _waiting[0];
            _waiting.RemoveAt(0);
            if (oldest.RowsLeft > 0) _waiting.Add(oldest);
            _waiting.RemoveAll(one => one.RowsLeft == 0);
        }
    }
}
