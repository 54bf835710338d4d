using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace AiPlatform.Hosting.Redis;

/// <summary>The container engine that Aspire would start containers with.</summary>
internal static class ContainerEngine
{
    private const string Docker = "docker";
    private const string Podman = "podman";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    /// <summary>Whether it answers. Its program alone says little: the client may be there without a daemon.</summary>
    public static bool Answers(IConfiguration configuration)
    {
        var named = configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
        return named is { Length: > 0 } ? Answers(named) : Answers(Docker) || Answers(Podman);
    }

    private static bool Answers(string engine)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(engine, "info")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(Bound)) return process.ExitCode == 0;
            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Exception missing) when (missing is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return false;
        }
    }
}
