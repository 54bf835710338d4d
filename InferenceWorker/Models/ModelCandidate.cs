namespace AiPlatform.InferenceWorker.Models;

/// <summary>A model folder as found: with a manifest to load, or with the reason why not.</summary>
/// <param name="Name">The model's name, or the folder's where the manifest gives none.</param>
/// <param name="Folder">The folder's name; of a model that is asked for and not there, its name.</param>
/// <param name="Manifest">What to load; null when there is a problem.</param>
/// <param name="Problem">Why it cannot be loaded; null when it can.</param>
internal sealed record ModelCandidate(string Name, string Folder, ModelManifest? Manifest, string? Problem);
