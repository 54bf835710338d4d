using AiPlatform.InferenceWorker.Commands;
using AiPlatform.InferenceWorker.Models;
using Microsoft.Extensions.Options;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Runs <c>model …</c> for a folder of models of its own, on the CPU.</summary>
internal sealed class ModelCommands : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Where the folders of models to add are.</summary>
    public string Sources => Directory.CreateDirectory(Path.Combine(_folder.Path, "sources")).FullName;

    /// <summary>The folder of the models.</summary>
    public string Models => Path.Combine(_folder.Path, "models");

    /// <summary>The folders in it that workers see, and those that are left over.</summary>
    public IReadOnlyList<string> Folders => !Directory.Exists(Models) ? []
        : [.. Directory.GetDirectories(Models).Select(one => Path.GetFileName(one)).Order(StringComparer.Ordinal)];

    public (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var options = Options.Create(new ModelOptions { Path = Models, Device = DevicePreference.Cpu, Threads = 1 });
        var exitCode = new ModelCommand(options, output, errors).Run(arguments);
        return (exitCode, output.ToString(), errors.ToString());
    }

    public void Dispose() => _folder.Dispose();
}
