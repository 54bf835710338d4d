using OpenTelemetry;
using SupportBot.Api;

var builder = WebApplication.CreateBuilder(args);

// The connection string 'ai', which the AppHost sets, says where the server is, which key to send, and which model to ask.
builder.AddAiPlatformClient("ai").AddChatClient();
builder.Services.AddSingleton<SupportDesk>();
builder.Services.AddExceptionHandler<OutageHandler>();
builder.Services.AddProblemDetails();
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
app.MapHealthChecks("/health");
app.MapTickets();
app.Run();
