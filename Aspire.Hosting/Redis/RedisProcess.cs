using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Hosting.Redis;

/// <summary>A redis-server of this machine. It listens on this machine only, and without a password, as that of <c>./ai up</c>.</summary>
/// <param name="name">The resource's name.</param>
/// <param name="folder">Where its append-only file is.</param>
internal sealed class RedisProcess(string name, string folder)
    : ExecutableResource(name, Program, folder), IResourceWithConnectionString
{
    public const string EndpointName = "tcp";

    private const string Program = "redis-server";

    /// <summary>Before 7.0 it does not know our scripts.</summary>
    private const int LeastVersion = 7;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    public EndpointReference Endpoint => new(this, EndpointName);

    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{Endpoint.Property(EndpointProperty.HostAndPort)}");

    /// <returns>Why this machine's redis-server cannot be started; null when it can.</returns>
    public static string? Problem()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Program, "--version") { RedirectStandardOutput = true })!;
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var version = text.Split(' ').FirstOrDefault(word => word.StartsWith("v=", StringComparison.Ordinal))?[2..] ?? "";
            return int.TryParse(version.Split('.')[0], out var major) && major >= LeastVersion
                ? null : $"{Program} {version} is too old; {LeastVersion}.0 or later is needed";
        }
        catch (Exception missing) when (missing is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return $"{Program} is not on PATH";
        }
    }

    /// <summary>
    /// Cuts half a transaction off the end of the append-only file. A machine that died in the middle of a write leaves one, and Redis
    /// would apply it at the start after the next one.
    /// </summary>
    public async Task MendAsync(ILogger logger, CancellationToken cancellationToken)
    {
        var manifest = Path.Combine(WorkingDirectory, "appendonlydir", "appendonly.aof.manifest");
        if (!File.Exists(manifest)) return;

        try
        {
            using var check = Process.Start(new ProcessStartInfo("redis-check-aof", ["--fix", manifest])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
            await check.StandardInput.WriteLineAsync("y");
            check.StandardInput.Close();
            await check.StandardOutput.ReadToEndAsync(cancellationToken).WaitAsync(Bound, cancellationToken);
            await check.WaitForExitAsync(cancellationToken).WaitAsync(Bound, cancellationToken);
        }
        catch (Exception unchecked_) when (unchecked_ is System.ComponentModel.Win32Exception or IOException or TimeoutException)
        {
            HostingLog.AppendOnlyFileUnchecked(logger, manifest, unchecked_.Message);
        }
    }
}
