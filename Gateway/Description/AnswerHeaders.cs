using AiPlatform.Gateway.Http;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Description;

/// <summary>The headers of answers in the API's description: by status, and those that single routes add.</summary>
internal static class AnswerHeaders
{
    private static readonly Dictionary<string, (string Text, IOpenApiSchema Schema)> Known = new()
    {
        ["x-request-id"] = ("The request's name in logs and traces.", Text),
        ["WWW-Authenticate"] = ("How to present a key.", Always("Bearer")),
        ["Retry-After"] = ("Whole seconds to wait before the next try.", Number(1)),
        ["Location"] = ("Where to ask for the job.", Text),
        ["Preference-Applied"] = ("The preference that was followed.", Always(Preferences.RespondAsync)),
        ["x-should-retry"] = ("Tells SDKs that no retry helps now.", Always("false")),
        [CallHeaders.LimitPolicyName] = ("The limits of the caller, such as \"rpm\";q=600;w=60.", Text),
        [CallHeaders.LimitName] = ("What is left of them, and seconds until more is, such as \"rpm\";r=12;t=30.", Text),
        ["x-ratelimit-limit-requests"] = ("The limit of requests per minute.", Number(1)),
        ["x-ratelimit-remaining-requests"] = ("Requests that are left of it.", Number(0)),
        ["x-ratelimit-reset-requests"] = ("The time until all are left, such as 1m3s.", Text),
        ["x-ratelimit-limit-tokens"] = ("The limit of tokens per minute.", Number(1)),
        ["x-ratelimit-remaining-tokens"] = ("Tokens that are left of it.", Number(0)),
        ["x-ratelimit-reset-tokens"] = ("The time until all are left, such as 1m3s.", Text),
        [CallHeaders.JobIdName] = ("The job.", new OpenApiSchemaReference("JobId")),
        [CallHeaders.ModelName] = ("The model, percent-encoded where its name is not ASCII.", Text),
        [CallHeaders.ProviderName] = ("Who answered, where it was a provider.", Text),
        [CallHeaders.AttemptsName] = ("How many times a worker leased the job, or a provider was called.", Number(0)),
        [CallHeaders.AttemptFailuresName] = ("Why earlier attempts did not answer, such as gpt=status_503*2, backup=timeout.", Text),
    };

    private static OpenApiSchema Text => new() { Type = JsonSchemaType.String, MinLength = 1 };

    /// <summary>Adds the headers that answers of a status have on every route.</summary>
    public static void Describe(OpenApiResponses responses)
    {
        foreach (var (status, response) in responses)
        {
            Add(response, isAlwaysThere: true, "x-request-id");
            if (status == "401") Add(response, isAlwaysThere: true, "WWW-Authenticate");
            if (status == "202") Add(response, isAlwaysThere: true, "Location", CallHeaders.JobIdName, CallHeaders.ModelName);
            // A provider's refusal does not always say how long to wait, and a budget's does not in OpenAI's dialect.
            if (status is "503") Add(response, isAlwaysThere: !responses.ContainsKey("502"), "Retry-After");
            if (status is "429")
            {
                var isProblem = response.Content?.ContainsKey("application/problem+json") == true;
                Add(response, isProblem && !responses.ContainsKey("502"), "Retry-After");
                Add(response, isAlwaysThere: false, "x-should-retry");
            }

            // Of callers that have limits.
            if (status is "202" or "429") Add(response, isAlwaysThere: false, CallHeaders.OfLimits);
        }
    }

    /// <summary>Adds the headers of answers of routes that call a model.</summary>
    public static void DescribeCalls(OpenApiResponses responses)
    {
        Add(responses["200"], isAlwaysThere: true, CallHeaders.ModelName);
        Add(responses["200"], isAlwaysThere: false, CallHeaders.OfLimits);
        Add(responses["202"], isAlwaysThere: true, "Preference-Applied");
        foreach (var (status, response) in OfCalls(responses))
        {
            Add(response, isAlwaysThere: false, CallHeaders.JobIdName, CallHeaders.AttemptsName);
            if (status != "200") Add(response, isAlwaysThere: false, CallHeaders.ModelName);
        }
    }

    /// <summary>Adds the headers that such answers also have if a provider serves the model.</summary>
    public static void DescribeProviders(OpenApiResponses responses)
    {
        foreach (var (status, response) in OfCalls(responses))
        {
            Add(response, isAlwaysThere: false, CallHeaders.ProviderName, CallHeaders.AttemptFailuresName);
            if (status is "502" or "504") Add(response, isAlwaysThere: false, "x-should-retry");
        }
    }

    /// <summary>The answers of a call that has been admitted.</summary>
    private static IEnumerable<KeyValuePair<string, IOpenApiResponse>> OfCalls(OpenApiResponses responses) =>
        responses.Where(one => one.Key is not ("401" or "403" or "413" or "415" or "202"));

    /// <summary>Adds headers to one answer.</summary>
    public static void Add(IOpenApiResponse response, bool isAlwaysThere, params string[] names)
    {
        if (response is not OpenApiResponse described) return;

        described.Headers ??= new Dictionary<string, IOpenApiHeader>();
        foreach (var name in names)
        {
            var (text, schema) = Known[name];
            described.Headers[name] = new OpenApiHeader { Description = text, Required = isAlwaysThere, Schema = schema };
        }
    }

    private static OpenApiSchema Always(string value) => new() { Type = JsonSchemaType.String, Const = value };

    private static OpenApiSchema Number(int least) => new() { Type = JsonSchemaType.Integer, Minimum = $"{least}" };
}
