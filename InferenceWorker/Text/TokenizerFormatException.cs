namespace AiPlatform.InferenceWorker.Text;

/// <summary>A tokenizer file is missing, broken, or has unknown parts. The message names file, field and value.</summary>
internal sealed class TokenizerFormatException : Exception
{
    public TokenizerFormatException(string message)
        : base(message)
    {
    }

    public TokenizerFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
