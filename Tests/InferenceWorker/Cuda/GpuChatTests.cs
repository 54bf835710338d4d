using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Generation;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Cuda;

/// <summary>The shipped chat model on a GPU.</summary>
[Trait("Category", "Gpu")]
public sealed class GpuChatTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(8, false)]
    [InlineData(8, true)]
    public async Task Generate_ReferenceTokensFedIn_ChoosesAsTheReferenceWhereItIsClear(int rows, bool capturesGraphs)
    {
        var wrong = await SmolLmTests.WrongStepsAsync(
            GpuMachine.OpenChat(capturesGraphs: capturesGraphs), rows, SmolLm.Reference.Count, SmolLmTests.ClearMargin);

        Assert.Empty(wrong);
    }

    /// <summary>
    /// Greedy rows are chosen on the device; rows that want log-probabilities get all logits. Both must be the same tokens.
    /// </summary>
    [Fact]
    public async Task Generate_ChosenOnTheDevice_IsWhatTheLogitsSay()
    {
        var sut = Engines.Start(GpuMachine.OpenChat(), new GenerationOptions { MaxRows = 1 });
        foreach (var (prompt, _, _) in SmolLm.Reference.Take(8))
        {
            var request = new GenerationRequest { Prompt = prompt, MaxNewTokens = 64, Sampling = SamplingSettings.Greedy };
            var chosen = sut.Submit(request);
            await chosen.End;
            var logits = sut.Submit(request with { Sampling = SamplingSettings.Greedy with { LogProbabilities = true } });
            await logits.End;

            Assert.Equal(logits.Tokens, chosen.Tokens);
        }

        await sut.StopAsync();
    }

    /// <summary>The settings allow more than the device has memory for: fewer rows run at a time, and all end.</summary>
    [Fact]
    public async Task Generate_LittleMemory_RunsFewerRowsAndLosesNone()
    {
        var options = new ModelOptions { CudaPath = GpuMachine.Options.CudaPath, DeviceMemoryLimitBytes = 768L * 1024 * 1024 };
        var sut = Engines.Start(GpuMachine.OpenChat(options), new GenerationOptions { MaxRows = 32, MemoryMiB = 8 * 1024 });

        var texts = Enumerable.Range(0, 64).Select(i => sut.Submit(new GenerationRequest
        {
            Prompt = SmolLm.Reference[i % SmolLm.Reference.Count].Prompt,
            MaxNewTokens = 64,
            Sampling = SamplingSettings.Greedy with { IgnoreEnd = true },
        })).ToList();

        foreach (var text in texts)
        {
            var end = await text.End;
            Assert.Equal((GenerationFinish.Length, (string?)null), (end.Finish, end.Problem));
        }

        await sut.StopAsync();
    }
}
