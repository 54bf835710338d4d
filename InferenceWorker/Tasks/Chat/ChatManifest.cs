using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.InferenceWorker.Text.Templates;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// The manifest of a language model. The decoder's form is in <c>genai_config.json</c>, and the chat template in <c>chat_template.jinja</c>
/// or <c>tokenizer_config.json</c>.
/// </summary>
internal sealed record ChatManifest : ModelManifest
{
    public const string DecoderConfigFile = "genai_config.json";

    private const int MostTokens = 16_777_216;

    public ChatManifest(ManifestContent content)
        : base(content)
    {
        Model = content.File("model");
        CudaModel = content.Root.Optional("cuda_model") is null ? null : content.File("cuda_model");
        Tokenizer = content.File("tokenizer");
        if (Tokenizer.Name != ChatTokenizer.FileName)
            throw content.Required("tokenizer").Refuse($"is '{Tokenizer.Name}'; it must be '{ChatTokenizer.FileName}'");
        MaxTokens = (int)content.Required("max_tokens").Whole(1, MostTokens);
        if (!Lists(DecoderConfigFile)) throw content.Required("files").Refuse($"does not list '{DecoderConfigFile}'");
        if (!Lists(ChatTemplateFiles.TemplateFile) && !Lists(ChatTemplateFiles.ConfigFile))
        {
            throw content.Required("files").Refuse(
                $"lists neither '{ChatTemplateFiles.TemplateFile}' nor '{ChatTemplateFiles.ConfigFile}'");
        }
    }

    /// <summary>The names of this class' fields.</summary>
    public static new IReadOnlyList<string> Fields { get; } = ["model", "cuda_model", "tokenizer", "max_tokens"];

    /// <summary><c>model</c>: the ONNX file, which <c>genai_config.json</c> names, too; one of <see cref="ModelManifest.Files"/>.</summary>
    public ModelFile Model { get; init; }

    /// <summary>
    /// <c>cuda_model</c>: the ONNX file that runs on CUDA instead, with the same inputs and outputs; one of
    /// <see cref="ModelManifest.Files"/>. Without it the model runs on the CPU, because CUDA's attention has other types than the CPU's.
    /// </summary>
    public ModelFile? CudaModel { get; init; }

    /// <summary><c>tokenizer</c>: <c>tokenizer.json</c>; one of <see cref="ModelManifest.Files"/>.</summary>
    public ModelFile Tokenizer { get; init; }

    /// <summary><c>max_tokens</c>: most tokens of a chat, messages and answer together; at most the model's context.</summary>
    public int MaxTokens { get; init; }

    private bool Lists(string name) => Files.Any(file => file.Name == name);
}
