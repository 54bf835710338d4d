using AiPlatform.InferenceWorker.Text.Bpe;

namespace AiPlatform.Tests.InferenceWorker.Text.Bpe;

/// <summary>The language model's tokenizer and the reference values (see Reference/tokenizer/README.md).</summary>
internal static class ChatReference
{
    public const string Model = "smollm2-135m-instruct";

    private static readonly Lazy<ChatTokenizer> Shared = new(() => ChatTokenizer.Load(Folder));

    /// <summary>The shipped model's folder.</summary>
    public static string Folder => Path.Combine(Checkout.Models, Model);

    public static ChatTokenizer Tokenizer => Shared.Value;
}
