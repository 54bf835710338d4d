using AiPlatform.Gateway.Tasks;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Tasks;

/// <summary>Each kind of model has all its parts.</summary>
public sealed class TaskPartsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    [Fact]
    public void EveryTask_HasNamesOfItsOwn()
    {
        Assert.Distinct(ModelTasks.All.Select(task => task.Name));
        Assert.Distinct(ModelTasks.All.Select(task => task.Endpoint));
        Assert.All(ModelTasks.All, task => Assert.NotEmpty(task.OutputTypes));
    }

    [Fact]
    public void EveryTask_HasAGatewaysPartAndAWorkers()
    {
        Assert.Equal(ModelTasks.All, GatewayTasks.All.Select(part => part.Task));
        Assert.Equal(ModelTasks.All.Select(task => task.Name).Order(), WorkerTasks.All.Select(part => part.Task.Name).Order());
    }

    [Fact]
    public async Task EveryTask_IsInTheDescription()
    {
        var document = await fixture.Gateway.Client.GetStringAsync(
            new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.All(GatewayTasks.All, part =>
        {
            Assert.Contains($"\"{part.Task.Endpoint}\"", document, StringComparison.Ordinal);
            Assert.Contains($"#/components/schemas/{part.AnswerComponent}\"", document, StringComparison.Ordinal);
        });
    }
}
