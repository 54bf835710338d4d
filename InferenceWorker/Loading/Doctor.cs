using System.Globalization;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Checks the machine and the models of a worker, and prints the results line by line. It serves nothing.</summary>
internal sealed class Doctor(IOptions<ModelOptions> options, TextWriter output)
{
    /// <param name="names">The models to check; none for all.</param>
    /// <returns>The exit code: 0, or 1 when something is wrong.</returns>
    public int Run(params IReadOnlyList<string> names)
    {
        ModelOptions settings;
        try
        {
            settings = options.Value;
        }
        catch (OptionsValidationException invalid)
        {
            foreach (var failure in invalid.Failures) Say("FAIL", "settings", failure);
            return 1;
        }

        // If the requested device is missing, the models are still checked on the CPU.
        var device = CheckDevice(settings, out var healthy) ?? new ExecutionDevice(null, "for this check");
        // Named models are checked whether this worker is to serve them or not.
        var wanted = names.Count == 0 ? settings : new ModelOptions { Path = settings.Path, Load = names };
        foreach (var candidate in ModelFolders.Scan(wanted)) healthy &= Check(candidate, device, settings);
        return healthy ? 0 : 1;
    }

    /// <summary>Checks only the device, and prints its name and the reason for it.</summary>
    /// <returns>The exit code: 0, or 1 when the settings demand a device that cannot be used.</returns>
    public int RunDevice()
    {
        try
        {
            var device = ExecutionDeviceChoice.Choose(options.Value);
            output.WriteLine($"{device.Name}: {PrintableText.Of(device.Reason)}");
            return 0;
        }
        catch (Exception problem) when (problem is ModelProblemException or OptionsValidationException)
        {
            output.WriteLine($"error: {PrintableText.Of(problem.Message)}");
            return 1;
        }
    }

    private ExecutionDevice? CheckDevice(ModelOptions settings, out bool possible)
    {
        try
        {
            var device = ExecutionDeviceChoice.Choose(settings);
            Say("ok", "device", $"{device.Name}: {device.Reason}");
            possible = true;
            return device;
        }
        catch (ModelProblemException problem)
        {
            Say("FAIL", "device", problem.Message);
            possible = false;
            return null;
        }
    }

    private bool Check(ModelCandidate candidate, ExecutionDevice device, ModelOptions settings)
    {
        try
        {
            if (candidate.Manifest is not { } manifest) throw new ModelProblemException(candidate.Problem!);
            var found = WorkerTasks.Find(manifest.Task)!.Check(manifest, device, settings);
            Say("ok", manifest.Name,
                string.Create(CultureInfo.InvariantCulture, $"{SumsOf(manifest)}, {found}"));
            return true;
        }
        catch (ModelProblemException problem)
        {
            Say("FAIL", candidate.Name, problem.Message);
            return false;
        }
    }

    private static string SumsOf(ModelManifest manifest)
    {
        var withSums = manifest.Files.Count(file => file.Sha256 is not null);
        return withSums == manifest.Files.Count
            ? string.Create(CultureInfo.InvariantCulture, $"{withSums} files match their SHA-256")
            : string.Create(CultureInfo.InvariantCulture, $"{withSums} of {manifest.Files.Count} files have a SHA-256, and match it");
    }

    private void Say(string verdict, string subject, string what) =>
        output.WriteLine($"{verdict,-5} {PrintableText.Of(subject),-24} {PrintableText.Of(what)}");
}
