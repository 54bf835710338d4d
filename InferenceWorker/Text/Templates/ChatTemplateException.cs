namespace AiPlatform.InferenceWorker.Text.Templates;

/// <summary>A model's chat template is missing, broken or of no use. The message names the file and, in a template, the line.</summary>
internal sealed class ChatTemplateFormatException : Exception
{
    public ChatTemplateFormatException(string message)
        : base(message)
    {
    }

    public ChatTemplateFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A chat cannot be rendered by the model's template. The message is for whoever sent the chat.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isRefusedByTemplate">Whether the template said so itself, such as that roles must take turns.</param>
/// <param name="innerException">The renderer's problem.</param>
internal sealed class ChatTemplateRenderException(string message, bool isRefusedByTemplate, Exception innerException)
    : Exception(message, innerException)
{
    public bool IsRefusedByTemplate => isRefusedByTemplate;
}
