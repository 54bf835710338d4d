using Microsoft.AspNetCore.Http.HttpResults;

namespace SupportBot.Api;

/// <summary>The routes: a short ticket is answered at once, a long one is accepted, and asked for later.</summary>
internal static class TicketRoutes
{
    /// <summary>A longer text becomes a job, in characters.</summary>
    private const int LongestShortText = 400;

    public static void MapTickets(this IEndpointRouteBuilder app)
    {
        app.MapPost("/tickets", PostAsync);
        app.MapGet("/tickets/{id}", GetAsync);
    }

    private static async Task<Results<Ok<Ticket>, Accepted<Ticket>>> PostAsync(
        NewTicket ticket, SupportDesk desk, CancellationToken cancellationToken)
    {
        if (ticket.Text.Length <= LongestShortText)
            return TypedResults.Ok(new Ticket(Id: null, "succeeded", await desk.AnswerAsync(ticket.Text, cancellationToken)));

        var accepted = await desk.SubmitAsync(ticket.Text, cancellationToken);
        return TypedResults.Accepted($"/tickets/{accepted.Id}", accepted);
    }

    private static async Task<Results<Ok<Ticket>, NotFound>> GetAsync(string id, SupportDesk desk, CancellationToken cancellationToken) =>
        await desk.FindAsync(id, cancellationToken) is { } ticket ? TypedResults.Ok(ticket) : TypedResults.NotFound();
}
