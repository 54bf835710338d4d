using System.Diagnostics;

namespace AiPlatform.AppHost.Commands;

/// <summary>Runs a command of one of the programs that AppHost starts, such as <c>model add</c> or <c>key new</c>.</summary>
internal static class BuiltProgram
{
    /// <param name="project"><c>Gateway</c> or <c>InferenceWorker</c>.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">More variables.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The exit code, and what it has written.</returns>
    public static Task<(int ExitCode, string Said)> RunAsync(
        string project, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", [PathOf(project), .. arguments]);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return ProgramRun.RunAsync(start, heard: null, cancellationToken);
    }

    /// <summary>The program beside this one in the build's folder: AppHost depends on it.</summary>
    private static string PathOf(string project)
    {
        var bin = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(bin.Parent!.Parent!.FullName, project, bin.Name, $"AiPlatform.{project}.dll");
    }
}
