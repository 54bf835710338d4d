using System.Text.Json;
using Aspire.Hosting;

namespace AiPlatform.Hosting.Models;

/// <summary>The folder of one model.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Path">The folder's full path.</param>
internal sealed record ModelFolder(string Name, string Path)
{
    private const string Manifest = "model.json";

    /// <exception cref="DistributedApplicationException">It is no model's folder. The message says why.</exception>
    public static ModelFolder Read(string path)
    {
        RequireFolder(path);
        var manifest = System.IO.Path.Combine(path, Manifest);
        if (!File.Exists(manifest))
        {
            throw new DistributedApplicationException(
                $"The folder '{path}' has no {Manifest}, so it is not the folder of a model. "
                + "'./ai model add FOLDER' makes one of a model as Hugging Face has it. WithModelsFolder takes a folder of several.");
        }

        try
        {
            using var text = JsonDocument.Parse(File.ReadAllBytes(manifest));
            if (text.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("name", out var name)
                && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } known)
            {
                return new ModelFolder(known, path);
            }

            throw new DistributedApplicationException($"{manifest} has no 'name', the name that requests use.");
        }
        catch (JsonException wrong)
        {
            throw new DistributedApplicationException($"{manifest} is not JSON: {wrong.Message}", wrong);
        }
    }

    /// <exception cref="DistributedApplicationException">There is no such folder.</exception>
    public static void RequireFolder(string path)
    {
        if (Directory.Exists(path)) return;
        throw new DistributedApplicationException($"The folder '{path}' does not exist. A relative path starts at the AppHost's folder.");
    }

    /// <summary>Makes a folder that has these models and no others, for a worker that is a process.</summary>
    /// <param name="models">The models.</param>
    /// <param name="root">The folder, which this run alone uses.</param>
    /// <exception cref="DistributedApplicationException">This machine lets nobody make links.</exception>
    public static void Link(IEnumerable<ModelFolder> models, string root)
    {
        Directory.CreateDirectory(root);
        // Deleting a link leaves the folder that it leads to.
        foreach (var old in Directory.EnumerateDirectories(root)) Directory.Delete(old);
        foreach (var model in models)
        {
            try
            {
                Directory.CreateSymbolicLink(System.IO.Path.Combine(root, System.IO.Path.GetFileName(model.Path)), model.Path);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                throw new DistributedApplicationException(
                    $"{root} cannot have a link to '{model.Path}': {refused.Message} On Windows developer mode allows links; or put the "
                    + "models into one folder, and name it with WithModelsFolder.", refused);
            }
        }
    }
}
