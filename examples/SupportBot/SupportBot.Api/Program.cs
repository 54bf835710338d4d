using OpenTelemetry;
using SupportBot.Api;

var builder = WebApplication.CreateBuilder(args);

// The connection string 'ai', which the AppHost sets, says where the server is, which key to send, and which model to ask.
// Within the timeout a call is answered, or is an error, also where something accepts connections for a platform that is away.
builder.AddAiPlatformClient("ai", settings => settings.Timeout ??= TimeSpan.FromSeconds(25)).AddChatClient();
builder.Services.AddSingleton<SupportDesk>();
builder.Services.AddExceptionHandler<OutageHandler>();
builder.Services.AddProblemDetails();
// In Development, too, JSON that cannot be read is a 400.
builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = false);
builder.Services.AddValidation();
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
app.MapTickets();
app.Run();
