using AiPlatform.Gateway.Admission;
using Microsoft.AspNetCore.Mvc;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>What all routes that ask a model have in common.</summary>
internal static class ModelRoutes
{
    /// <summary>Maps an endpoint whose calls <see cref="ModelCalls"/> takes.</summary>
    /// <typeparam name="TRequest">Its body.</typeparam>
    /// <typeparam name="TAnswer">What it answers with 200.</typeparam>
    /// <param name="routes">Where to map it.</param>
    /// <param name="endpoint">The route.</param>
    /// <param name="otherTypes">Content types of the answer besides JSON.</param>
    public static RouteHandlerBuilder MapModelCalls<TRequest, TAnswer>(this IEndpointRouteBuilder routes, string endpoint, params string[] otherTypes)
        where TRequest : notnull => routes
        .MapPost(endpoint, (
            HttpContext context,
            ModelCalls calls,
            [FromHeader(Name = Preferences.Header)] string? prefer,
            [FromHeader(Name = RequestTimeout.Header)] string? requestTimeout) => calls.AnswerAsync(context, endpoint, prefer, requestTimeout))
        .Accepts<TRequest>("application/json")
        .WithHeader(IdempotencyHeader.Name, IdempotencyHeader.Description)
        .WithAnswers<TAnswer>(otherTypes)
        .WithTags("OpenAI");
}
