using System.Text.Json;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// Turns prompts and messages into tokens. The chat template renders messages, and the name of a special token in a message is ordinary
/// text. A prompt that is not a chat is the whole text that the model reads, so the name of a special token in it becomes this token.
/// </summary>
internal sealed class ChatPrompts(OpenedChat opened) : IModelTokens
{
    public int VocabularySize => opened.Tokenizer.VocabularySize;

    private int StopAbove => TokenCount.StopAbove(opened.Manifest.MaxTokens);

    /// <summary>The one prompt of a chat; or the error.</summary>
    /// <param name="call">The request.</param>
    /// <param name="body">Its bytes.</param>
    public (int[][]? Prompts, InferenceError? Error) OfChat(ChatCall call, ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var request = document.RootElement;
        var tools = call.Tools.Count > 0 ? ToolsOf(call, request.GetProperty("tools")) : [];
        var (prompt, error) = OfMessages(request.GetProperty("messages"), tools, addsGenerationPrompt: true, StopAbove);
        return (prompt is null ? null : [prompt], error);
    }

    public (int[]? Tokens, InferenceError? Error) OfMessages(JsonElement messages, bool addsGenerationPrompt, int stopAbove) =>
        OfMessages(messages, [], addsGenerationPrompt, stopAbove);

    /// <summary>The prompts of a request for completions; or the error.</summary>
    public (int[][]? Prompts, InferenceError? Error) Of(CompletionCall call, EmbeddingContent content)
    {
        if (content.Texts.Count > 0)
            return ([.. content.Texts.Select(text => OfText(text, addsSpecialTokens: true, StopAbove))], null);

        for (var i = 0; i < content.TokenArrays.Count; i++)
        {
            if (IModelTokens.CheckIds(call.NameOf(i), content.TokenArrays[i], VocabularySize, opened.Manifest.Name) is { } outside)
                return (null, outside);
        }

        return ([.. content.TokenArrays], null);
    }

    public int[] OfText(string text, bool addsSpecialTokens, int stopAbove)
    {
        var tokenizer = opened.Tokenizer;
        var ids = tokenizer.EncodeWithControl(text, stopAbove);
        return addsSpecialTokens ? [.. tokenizer.BeforeText, .. ids, .. tokenizer.AfterText] : ids;
    }

    public string NameOf(int id) => opened.Tokenizer.NameOf(id);

    public string TextOf(ReadOnlySpan<int> ids) => opened.Tokenizer.Decode(ids);

    /// <summary>The tools that may be called: with a tool that must be called the model sees no other.</summary>
    private static JsonElement[] ToolsOf(ChatCall call, JsonElement tools)
    {
        var names = call.Tools.Select(tool => tool.Name).ToHashSet(StringComparer.Ordinal);
        return [.. tools.EnumerateArray().Where(tool => names.Contains(tool.GetProperty("function").GetProperty("name").GetString()!))];
    }

    private (int[]? Tokens, InferenceError? Error) OfMessages(
        JsonElement messages, JsonElement[] tools, bool addsGenerationPrompt, int stopAbove)
    {
        try
        {
            var segments = ToolMessages.AreIn(messages) || tools.Length > 0
                ? ToolMessages.Render(opened.Template, messages, tools, addsGenerationPrompt)
                : opened.Template.Render(messages, addGenerationPrompt: addsGenerationPrompt);
            var prompt = opened.Tokenizer.Encode(segments, stopAbove);
            return prompt.Length > 0
                ? (prompt, null) : (null, InferenceError.Invalid("messages", "The model's chat template makes nothing of the messages."));
        }
        catch (ChatTemplateRenderException refused)
        {
            return (null, InferenceError.Invalid("messages", refused.Message));
        }
    }
}
