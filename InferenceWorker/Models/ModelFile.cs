namespace AiPlatform.InferenceWorker.Models;

/// <summary>A file that belongs to a model.</summary>
/// <param name="Name">Its name inside the model's folder.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 of its bytes, lower-case hexadecimal.</param>
/// <param name="Device">Where it is of use: <c>any</c>, <c>cpu</c> or <c>cuda</c>.</param>
internal sealed record ModelFile(string Name, long Bytes, string Sha256, string Device)
{
    public const string AnyDevice = "any";
}
