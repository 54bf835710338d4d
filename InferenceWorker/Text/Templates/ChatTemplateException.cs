namespace AiPlatform.InferenceWorker.Text.Templates;

/// <summary>A model's chat template is missing, broken or unusable. The message names the file and, in a template, the line.</summary>
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

/// <summary>A chat cannot be rendered by the model's template. The message is for the caller.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isRefusedByTemplate">Whether the template itself refused the chat, for example because roles must alternate.</param>
/// <param name="innerException">The renderer's exception.</param>
internal sealed class ChatTemplateRenderException(string message, bool isRefusedByTemplate, Exception innerException)
    : Exception(message, innerException)
{
    public bool IsRefusedByTemplate => isRefusedByTemplate;
}
