using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Completions;

/// <summary>
/// OpenAI's form of answers to completions. Likelihoods are the object <c>logprobs</c>, which has four arrays with a value for each token.
/// </summary>
public sealed class CompletionChunks(JobId job, string model, bool includesUsage)
    : AnswerForm(job, model, includesUsage, "cmpl-", "text_completion", "text_completion")
{
    private static readonly string[] Arrays = ["tokens", "token_logprobs", "top_logprobs", "text_offset"];

    /// <summary>The object <c>logprobs</c>. Each argument has the items of one array, separated by commas.</summary>
    public static string Likelihoods(string tokens, string logprobs, string top, string offsets) =>
        $$"""{"tokens":[{{tokens}}],"token_logprobs":[{{logprobs}}],"top_logprobs":[{{top}}],"text_offset":[{{offsets}}]}""";

    public override string Join(IEnumerable<string> likelihoods)
    {
        var items = new StringBuilder[Arrays.Length];
        for (var i = 0; i < items.Length; i++) items[i] = new StringBuilder();
        foreach (var part in likelihoods.Where(one => one.Length > 0))
        {
            using var logprobs = JsonDocument.Parse(part);
            for (var i = 0; i < Arrays.Length; i++)
            {
                var more = logprobs.RootElement.GetProperty(Arrays[i]).GetRawText()[1..^1];
                items[i].Append(items[i].Length > 0 && more.Length > 0 ? "," : "").Append(more);
            }
        }

        return Likelihoods($"{items[0]}", $"{items[1]}", $"{items[2]}", $"{items[3]}");
    }

    protected override string ChunkText(string text) => $"\"text\":{Text(text)}";

    protected override string WholeText(AnswerChoice choice) => ChunkText(choice.Text);

    protected override string Logprobs(string likelihoods) => likelihoods.Length > 0 ? likelihoods : "null";

    protected override JsonElement? TextOfChunk(JsonElement choice) => choice.GetProperty("text");

    protected override JsonElement TextOfWhole(JsonElement choice) => choice.GetProperty("text");

    /// <exception cref="InvalidOperationException">An array is missing, or is not an array.</exception>
    protected override string? LikelihoodsOfLogprobs(JsonElement logprobs)
    {
        foreach (var array in Arrays) logprobs.GetProperty(array).GetArrayLength();
        return logprobs.GetRawText();
    }
}
