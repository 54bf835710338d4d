using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SupportBot.Api;

/// <summary>The body of <c>POST /tickets</c>.</summary>
/// <param name="Text">What the customer wrote. 2,000 characters fit into the model's 8,192 tokens in any language.</param>
public sealed record NewTicket([Required, StringLength(2_000, MinimumLength = 10)] string Text);

/// <summary>
/// What the model says of a ticket. It can only answer with a value of this type. Each text has a bound, so every answer comes to an end.
/// </summary>
public sealed record Answer(
    Category Category,
    [property: Range(1, 5)] int Urgency,
    [property: StringLength(80, MinimumLength = 1)] string Summary,
    [property: StringLength(240, MinimumLength = 1)] string Reply);

[JsonConverter(typeof(JsonStringEnumConverter<Category>))]
public enum Category
{
    Billing,
    Delivery,
    Account,
    Defect,
    Other,
}

/// <summary>A ticket and where it stands.</summary>
/// <param name="Id">The id of its job; null for a short ticket, which is answered at once.</param>
/// <param name="Status"><c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c>, <c>canceled</c> or <c>expired</c>.</param>
/// <param name="Answer">Null until it has succeeded.</param>
/// <param name="Error">Why there is no answer; null unless it failed.</param>
public sealed record Ticket(string? Id, string Status, Answer? Answer = null, string? Error = null);
