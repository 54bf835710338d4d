using AiPlatform.Gateway.Tasks;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Tasks;

/// <summary>Each route that calls models, and each kind of model, has all its parts.</summary>
public sealed class TaskPartsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    [Fact]
    public void EveryTask_HasARouteOfItsOwn()
    {
        Assert.Distinct(ModelTasks.All.Select(task => task.Endpoint));
        Assert.Distinct(ModelTasks.All.Select(task => task.Operation));
        Assert.All(ModelTasks.All, task => Assert.NotEmpty(task.OutputTypes));
        Assert.All(ModelTasks.All, task => Assert.Distinct(task.Kinds));
    }

    [Fact]
    public void EveryTask_HasAGatewaysPartAndAWorkers()
    {
        Assert.Equal(ModelTasks.All, GatewayTasks.All.Select(part => part.Task));
        Assert.Distinct(WorkerTasks.All.Select(part => part.Kind));
        Assert.Equal(ModelTasks.All.SelectMany(task => task.Kinds).Distinct().Order(), WorkerTasks.All.Select(part => part.Kind).Order());
        Assert.All(WorkerTasks.All, part => Assert.NotEmpty(ModelTasks.OfKind(part.Kind)));
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
