using System.Text.RegularExpressions;
using AiPlatform.ServiceDefaults.Health;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.ServiceDefaults;

/// <summary>
/// Runs a program and returns its exit code. A refused setting ends it with one line that names the setting and the reason.
/// </summary>
public static partial class ServiceProcess
{
    /// <summary>An <see cref="InvalidOperationException"/> from this namespace says what is wrong with a setting.</summary>
    private const string Ours = "AiPlatform.ServiceDefaults";

    private const string NoRedis = "ConnectionStrings:redis names no Redis server: give its address, such as 127.0.0.1:6379.";

    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    /// <summary>Matches the value that the binder quotes, which may be a secret in the wrong place.</summary>
    [GeneratedRegex(" '[^']*' at '")]
    private static partial Regex QuotedValue { get; }

    /// <summary>Matches the binder's message about a value that its option's type cannot hold.</summary>
    [GeneratedRegex("at '(?<key>[^']+)' to type '(?<type>[^']+)'")]
    private static partial Regex Unbound { get; }

    /// <summary>
    /// A builder whose content root is the program's folder, so that <c>appsettings.json</c> is found whatever the working directory is.
    /// The content root is also watched with everything below it, and the working directory often has Redis' files and logs below it.
    /// </summary>
    public static WebApplicationBuilder CreateBuilder(string[] args) =>
        WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

    /// <summary>
    /// Builds the application and runs it until it is stopped. With <c>--version</c> alone it only prints the version, and with
    /// <c>--healthy</c> alone it only asks the process that runs beside it whether it is ready.
    /// </summary>
    /// <returns>
    /// The exit code: 0, even when it was stopped while it started, or 1 when it could not start or a failed background loop ended it, so
    /// that an orchestrator restarts it.
    /// </returns>
    public static async Task<int> RunAsync(string[] args, Func<string[], WebApplication> build)
    {
        if (args is ["--version"])
        {
            await Console.Out.WriteLineAsync(ProductVersion.Text);
            return 0;
        }

        if (args is ["--healthy"]) return await HealthQuestion.AskAsync();

        BatchScheduling.Apply();
        try
        {
            return await build(args).RunToExitCodeAsync();
        }
        catch (Exception failure) when (ReasonOf(failure) is { } reason)
        {
            await Console.Error.WriteLineAsync($"error: {PrintableText.Of(reason.ReplaceLineEndings(" "))}");
            return 1;
        }
    }

    /// <summary>
    /// Keeps the host from logging a failed start with its stack trace, because
    /// <see cref="RunAsync(string[], Func{string[], WebApplication})"/> prints the reason.
    /// </summary>
    internal static void AddQuietStart(IHostApplicationBuilder builder)
    {
        var start = new Start();
        builder.Services.AddSingleton(start);
        builder.Logging.AddFilter(HostCategory, level => level >= LogLevel.Information && !(start.IsUnderWay && level >= LogLevel.Error));
    }

    internal static async Task<int> RunAsync(WebApplication app)
    {
        var start = app.Services.GetService<Start>() ?? new Start();
        await using (app)
        {
            // The host would also validate, and log the errors.
            app.Services.GetService<IStartupValidator>()?.Validate();
            start.IsUnderWay = true;
            app.Lifetime.ApplicationStarted.Register(() => start.IsUnderWay = false);
            var loops = app.Services.GetRequiredService<BackgroundLoops>();
            var stopping = app.Lifetime.ApplicationStopping;
            List<BackgroundService> services = [.. app.Services.GetServices<IHostedService>().OfType<BackgroundService>()];
            try
            {
                await app.RunAsync();
            }
#pragma warning disable CA1031 // A process that is stopped while it starts fails in whatever it is starting
            catch (Exception) when (HasDied(loops))
            {
                return 1;
            }
#pragma warning restore CA1031
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // The process was stopped before it had started.
                return 0;
            }

            return HasDied(loops) || services.Any(service => service.ExecuteTask is { IsFaulted: true }) ? 1 : 0;
        }
    }

    private static bool HasDied(BackgroundLoops loops) => loops.All.Any(loop => loop.Death is not null);

    /// <summary>The error in the settings or the address; null for any other failure, whose stack trace is needed.</summary>
    private static string? ReasonOf(Exception failure) => failure switch
    {
        OptionsValidationException refused => string.Join(" ", refused.Failures),
        AggregateException many when many.InnerExceptions.Select(ReasonOf).ToList() is var reasons && !reasons.Contains(null) =>
            string.Join(" ", reasons),
        DirectoryNotFoundException or InvalidOperationException { Source: Ours } => failure.Message,
        InvalidDataException unreadable => $"{unreadable.Message} {unreadable.InnerException?.Message}",
        InvalidOperationException { Source: "Aspire.StackExchange.Redis" } => NoRedis,
        ArgumentException { Source: "StackExchange.Redis", ParamName: "configuration" } => NoRedis,
        ArgumentException { Source: "StackExchange.Redis" } unreadable => $"ConnectionStrings:redis cannot be read: "
            + unreadable.Message.Replace($" (Parameter '{unreadable.ParamName}')", "", StringComparison.Ordinal),
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } unbound =>
            Unbound.Match(unbound.Message) is { Success: true } match
                ? $"{match.Groups["key"].Value} cannot be read: give {FormOf(match.Groups["type"].Value)}."
                : QuotedValue.Replace(unbound.Message, " at '"),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } taken => taken.Message,
        FormatException { Source: { } source } malformed when source.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) =>
            malformed.Message,
        _ => null,
    };

    private static string FormOf(string type) => type switch
    {
        "System.Int32" or "System.Int64" => "a whole number",
        "System.Double" => "a number",
        "System.Boolean" => "true or false",
        "System.TimeSpan" => "a time such as 00:00:30 (hours:minutes:seconds)",
        _ => "what docs/settings.md says of it",
    };

    /// <summary>Whether the application is being started.</summary>
    private sealed class Start
    {
        private volatile bool _isUnderWay;

        public bool IsUnderWay
        {
            get => _isUnderWay;
            set => _isUnderWay = value;
        }
    }
}
