using System.Collections.Concurrent;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Store;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation;

/// <summary>What rows write after a step goes to the store in one call, on however many threads the pool has.</summary>
public sealed class StepCallbacksTests
{
    private static readonly QueueName Queue = QueueName.ForModel("q");

    [Fact]
    public async Task Publish_RowsThatWriteAfterTheSameStep_ShareOneCall()
    {
        ConcurrentQueue<int[]> sent = [];
        var gatherer = new CallGatherer<int, int>(
            (_, calls) =>
            {
                sent.Enqueue([.. calls]);
                return Task.FromResult<IReadOnlyList<int>>([.. calls]);
            },
            mostCalls: 100, mostBytes: 1_000, bytesOf: _ => 1);
        var sut = new StepCallbacks();

        for (var step = 0; step < 50; step++)
        {
            var rows = new Task<int>[8];
            using var written = new CountdownEvent(rows.Length);
            for (var row = 0; row < rows.Length; row++)
            {
                var place = row;
                sut.Add(() =>
                {
                    rows[place] = gatherer.CallAsync(Queue, place, CancellationToken.None);
                    // Gives another thread the time to send the first row's text before the others have written.
                    if (place == 0) Thread.Yield();
                    written.Signal();
                });
            }

            sut.Publish();
            Assert.True(written.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            await Task.WhenAll(rows);
        }

        Assert.Equal(50, sent.Count);
        Assert.All(sent, calls => Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], calls));
    }
}
