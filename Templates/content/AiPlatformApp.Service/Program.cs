using System.ClientModel;
using NAME-SPACE.Service;
using Microsoft.Extensions.AI;
using OpenTelemetry;

var builder = WebApplication.CreateBuilder(args);

// The connection string 'ai' says where the server is, which key to send, and which model to ask.
builder.AddAiPlatformClient("ai").AddChatClient();
builder.Services.AddProblemDetails();
if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
{
    builder.Services.AddOpenTelemetry()
        .WithTracing(traces => traces.AddSource("Microsoft.AspNetCore", "System.Net.Http"))
        .WithMetrics(metrics => metrics.AddMeter("Microsoft.AspNetCore.Hosting", "System.Net.Http"))
        .UseOtlpExporter();
}

var app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/reviews", async (ReviewRequest request, IChatClient chat, CancellationToken cancellationToken) =>
{
    if (string.IsNullOrWhiteSpace(request.Text)) return Results.Problem("'text' has no text.", statusCode: 400);

    try
    {
        // The answer fits the type: the model can only draw tokens that do.
        var answer = await chat.GetResponseAsync<Verdict>(
            [new(ChatRole.System, "Judge the user's review of a book."), new(ChatRole.User, request.Text)],
            cancellationToken: cancellationToken);
        return Results.Ok(answer.Result);
    }
    catch (ClientResultException failed)
    {
        return Results.Problem($"The model gave no answer: {failed.Message}", statusCode: 503);
    }
});
app.Run();
