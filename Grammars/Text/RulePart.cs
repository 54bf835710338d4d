namespace AiPlatform.Grammars.Text;

/// <summary>A part of a grammar of rules.</summary>
internal abstract record RulePart;

/// <summary>A text.</summary>
internal sealed record LiteralPart(string Text) : RulePart;

/// <summary>A regular expression.</summary>
internal sealed record PatternPart(string Pattern, int Line) : RulePart;

/// <summary>A JSON text that fits a schema.</summary>
internal sealed record JsonPart(string Schema, int Line) : RulePart;

/// <summary>A rule.</summary>
internal sealed record NamePart(string Name, int Line) : RulePart;

/// <summary>Parts one after another; without parts it is the empty text.</summary>
internal sealed record SequencePart(IReadOnlyList<RulePart> Parts) : RulePart;

/// <summary>One of several parts.</summary>
internal sealed record ChoicePart(IReadOnlyList<RulePart> Parts) : RulePart;

/// <summary>A repetition; without a most, any number of times.</summary>
internal sealed record RepeatPart(RulePart Body, int Least, int? Most) : RulePart;
