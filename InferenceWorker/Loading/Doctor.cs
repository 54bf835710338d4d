using System.Globalization;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Checks the machine and the models of a worker, and prints the results line by line. It serves nothing.</summary>
internal sealed class Doctor(IOptions<ModelOptions> options, TextWriter output)
{
    /// <returns>The exit code: 0, or 1 when something is wrong.</returns>
    public int Run()
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
        foreach (var candidate in ModelFolders.Scan(settings)) healthy &= Check(candidate, device, settings);
        return healthy ? 0 : 1;
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
                string.Create(CultureInfo.InvariantCulture, $"{manifest.Files.Count} files match their SHA-256, {found}"));
            return true;
        }
        catch (ModelProblemException problem)
        {
            Say("FAIL", candidate.Name, problem.Message);
            return false;
        }
    }

    private void Say(string verdict, string subject, string what) =>
        output.WriteLine($"{verdict,-5} {PrintableText.Of(subject),-24} {PrintableText.Of(what)}");
}
