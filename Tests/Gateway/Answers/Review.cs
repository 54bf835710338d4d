using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace AiPlatform.Tests.Gateway.Answers;

/// <summary>A record with every feature that a contract supports.</summary>
[Description("What a reader thinks of a book.")]
internal sealed record Review : IValidatableObject
{
    [Description("Its title.")]
    [Length(1, 80)]
    public required string Title { get; init; }

    [Range(1, 5)]
    public required int Stars { get; init; }

    [Range(0, 1, MaximumIsExclusive = true)]
    public double? Confidence { get; init; }

    public required Mood Mood { get; init; }

    [RegularExpression("[0-9]{13}")]
    public string? Isbn { get; init; }

    [EmailAddress]
    [MaxLength(100)]
    public string? Contact { get; init; }

    public DateOnly? Read { get; init; }

    [MinLength(1), MaxLength(3)]
    public required IReadOnlyList<Quote> Quotes { get; init; }

    [AllowedValues("short", "long")]
    public string? Form { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Stars == 5 && Mood == Mood.Bad ? [new ValidationResult("must not be Bad with five stars", [nameof(Mood)])] : [];
}

internal enum Mood
{
    Good,
    Bad,
}

internal sealed record Quote
{
    [Required]
    public string? Text { get; init; }

    public int Page { get; init; }
}
