namespace AiPlatform.InferenceWorker.Text;

/// <summary>A token that is found in the text before anything else, such as <c>[SEP]</c>.</summary>
/// <param name="Id">Its token id.</param>
/// <param name="Content">What it looks like in the text; not empty.</param>
/// <param name="IsSpecial">Whether it is ordinary text where special tokens are not parsed.</param>
/// <param name="TakesSpaceBefore"><c>lstrip</c>: white space before it belongs to it.</param>
/// <param name="TakesSpaceAfter"><c>rstrip</c>: white space after it belongs to it.</param>
internal sealed record AddedToken(int Id, string Content, bool IsSpecial, bool TakesSpaceBefore, bool TakesSpaceAfter);
