using NAME-SPACE.Service;
using Microsoft.Extensions.AI;
using OpenTelemetry;

var builder = WebApplication.CreateBuilder(args);

// The connection string 'ai' says where the server is, which key to send, and which model to ask.
// Within the timeout a call is answered, or is an error, also where something accepts connections for a server that is away.
builder.AddAiPlatformClient("ai", settings => settings.Timeout ??= TimeSpan.FromSeconds(30)).AddChatClient();
builder.Services.AddExceptionHandler<ModelErrors>();
builder.Services.AddProblemDetails();
// In Development, too, JSON that cannot be read is a 400.
builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = false);
if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
{
    builder.Services.AddOpenTelemetry()
        .WithTracing(traces => traces.AddSource("Microsoft.AspNetCore", "System.Net.Http"))
        .WithMetrics(metrics => metrics.AddMeter("Microsoft.AspNetCore.Hosting", "System.Net.Http"))
        .UseOtlpExporter();
}

var app = builder.Build();
app.UseExceptionHandler();
// Errors without a body, such as those of JSON that cannot be read, get a problem, too.
app.UseStatusCodePages();
app.MapHealthChecks("/health");
app.MapPost("/reviews", async (ReviewRequest request, IChatClient chat, CancellationToken cancellationToken) =>
{
    if (string.IsNullOrWhiteSpace(request.Text)) return Results.Problem("'text' has no text.", statusCode: 400);

    // The answer fits the type: the model can only draw tokens that do.
    var answer = await chat.GetResponseAsync<Verdict>(
        [new(ChatRole.System, "Judge the user's review of a book."), new(ChatRole.User, request.Text)],
        cancellationToken: cancellationToken);
    return Results.Ok(answer.Result);
});
app.Run();
