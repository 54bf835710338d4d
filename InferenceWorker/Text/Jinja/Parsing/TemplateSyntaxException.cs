namespace AiPlatform.InferenceWorker.Text.Jinja.Parsing;

/// <summary>A template is broken, or has unknown parts.</summary>
/// <param name="problem">What is wrong, without a full stop.</param>
/// <param name="line">The line, from 1.</param>
internal sealed class TemplateSyntaxException(string problem, int line) : Exception($"line {line}: {problem}")
{
    public int Line => line;
}
