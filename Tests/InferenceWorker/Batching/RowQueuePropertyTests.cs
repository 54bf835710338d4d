using AiPlatform.InferenceWorker.Batching;
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
        from lengths in Gen.Frequency(
            (2, Gen.Choose(1, 64).ArrayOf(1)), (1, Gen.Choose(1, 64).NonEmptyListOf().Select(list => list.ToArray())))
        from takes in Gen.Frequency((8, Gen.Constant(0)), (3, Gen.Constant(1)), (1, Gen.Choose(2, 6)))
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

    /// <summary>The queue, with a simple record of the order of requests and how often each was passed over.</summary>
    private sealed class QueueModel(RowQueue queue)
    {
        private readonly List<RowRequest> _arrived = [];
        private readonly Dictionary<RowRequest, int> _passedOver = [];

        public RowQueue Queue => queue;

        public List<(RowRequest, int)> Taken { get; } = [];

        public RowRequest Add(int[] lengths)
        {
            var request = new RowRequest(Array.ConvertAll(lengths, length => new int[length]));
            Assert.True(queue.TryAdd(request));
            _arrived.Add(request);
            _passedOver.Add(request, 0);
            return request;
        }

        public List<WaitingRow> Take()
        {
            List<WaitingRow> batch = [];
            Assert.True(queue.Take(batch));
            Assert.NotEmpty(batch);
            Assert.True(batch.Count == 1 || Limits.Allow(batch.Count, batch.Max(row => row.Length)));

            Taken.AddRange(batch.Select(row => (row.Request, row.Index)));
            Count(batch);
            return batch;
        }

        /// <summary>A request is passed over when rows of a younger request are taken and none of its own.</summary>
        private void Count(List<WaitingRow> batch)
        {
            foreach (var row in batch) _passedOver.Remove(row.Request);
            var youngest = batch.Max(row => _arrived.IndexOf(row.Request));
            foreach (var older in _arrived.Take(youngest).Where(_passedOver.ContainsKey))
                Assert.InRange(++_passedOver[older], 1, MaxPassedOver);
        }
    }
}
