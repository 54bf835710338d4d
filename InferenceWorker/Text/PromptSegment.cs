namespace AiPlatform.InferenceWorker.Text;

/// <summary>A part of a prompt. Special tokens are recognized in control text only, so nobody can write one into a message.</summary>
/// <param name="Text">The part's text.</param>
/// <param name="IsContent">Whether it comes from a message; otherwise it is control text, from the model's chat template.</param>
internal readonly record struct PromptSegment(string Text, bool IsContent);
