using System.ClientModel;
using System.ClientModel.Primitives;
using AiPlatform.Client.Chat;
using AiPlatform.Client.Classification;
using AiPlatform.Client.Http;
using AiPlatform.Client.Jobs;
using Microsoft.Extensions.AI;
using OpenAI;

namespace AiPlatform.Client;

/// <summary>
/// The client of an AiPlatform Gateway: chats and embeddings for Microsoft.Extensions.AI and through the OpenAI SDK, classification, and
/// durable jobs. One instance serves a whole program; all its members may be called by many threads.
/// </summary>
public sealed class AiPlatformClient : IDisposable
{
    /// <summary>The name under which the client's spans are registered for OpenTelemetry.</summary>
    public const string ActivitySourceName = "AiPlatform.Client";

    /// <summary>Connections are made anew after a while, so that a Gateway that moved is found.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A long body is sent after so long if nobody has asked for it, as behind some proxies.</summary>
    private static readonly TimeSpan ContinueWithin = TimeSpan.FromSeconds(5);

    private readonly AiPlatformClientOptions _options;
    private readonly HttpClient _http;
    private readonly HttpClient _durable;
    private readonly Gateway _gateway;

    /// <summary>A client with connections of its own.</summary>
    /// <exception cref="ArgumentException">A value of the options is out of its range; the message names it.</exception>
    public AiPlatformClient(AiPlatformClientOptions options)
        : this(options, innerHandler: null)
    {
    }

    /// <summary>A client that sends through a handler of the caller, such as one of <c>IHttpMessageHandlerFactory</c>.</summary>
    /// <param name="options">Where the Gateway is.</param>
    /// <param name="innerHandler">
    /// Sends the requests; null for connections of its own. It is not disposed, and should not follow redirects: a Gateway sends none.
    /// </param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">A value of the options is out of its range; the message names it.</exception>
    public AiPlatformClient(AiPlatformClientOptions options, HttpMessageHandler? innerHandler, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        time ??= TimeProvider.System;
        var retries = new RetryHandler(options, time)
        {
            InnerHandler = innerHandler ?? new SocketsHttpHandler
            {
                PooledConnectionLifetime = ConnectionLifetime,
                AllowAutoRedirect = false,
                Expect100ContinueTimeout = ContinueWithin,
            },
        };
        _http = NewHttp(new AnswerHandler(time) { InnerHandler = retries }, ownsHandler: innerHandler is null);
        _gateway = new Gateway(_http, time);
        Jobs = new JobsClient(_gateway);
        _durable = NewHttp(new JobTransport(Jobs), ownsHandler: true);
        OpenAI = NewOpenAI(_http);
    }

    /// <summary>Jobs: calls that survive restarts.</summary>
    public JobsClient Jobs { get; }

    /// <summary>The OpenAI SDK's client of this Gateway.</summary>
    public OpenAIClient OpenAI { get; }

    /// <summary>Chats with a model, each as a synchronous call.</summary>
    /// <param name="model">The model; null for that of the options.</param>
    public IChatClient GetChatClient(string? model = null) => NewChatClient(OpenAI, model);

    /// <summary>
    /// Chats with a model, each as a job: it is stored before it is answered, and no restart of the Gateway or of a worker interrupts the
    /// answer, also while it streams. With <see cref="DurableChatOptions.WithJobKey"/> it also survives a restart of this program.
    /// </summary>
    /// <param name="model">The model; null for that of the options.</param>
    public IChatClient GetDurableChatClient(string? model = null) =>
        new DurableChatClient(NewChatClient(NewOpenAI(_durable), model));

    /// <summary>Vectors of texts.</summary>
    /// <param name="model">The model; null for that of the options.</param>
    /// <param name="dimensions">The length of the vectors, at most the model's; its own when null.</param>
    public IEmbeddingGenerator<string, Embedding<float>> GetEmbeddingGenerator(string? model = null, int? dimensions = null) =>
        OpenAI.GetEmbeddingClient(ModelOr(model)).AsIEmbeddingGenerator(dimensions);

    /// <summary>Labels of texts.</summary>
    /// <param name="texts">1 to 2,048 texts.</param>
    /// <param name="model">The model; null for that of the options.</param>
    /// <param name="topN">Most labels of each text, the likeliest first; all when null.</param>
    /// <param name="truncate">Whether a text is cut at the model's limit; otherwise a longer one is an error.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="AiPlatformException">The Gateway refuses the call or does not answer, or the call failed.</exception>
    public Task<ClassificationResult> ClassifyAsync(
        IEnumerable<string> texts, string? model = null, int? topN = null, bool truncate = false,
        CancellationToken cancellationToken = default) => _gateway.PostAsync(
            Names.Classify, new ClassificationCall(ModelOr(model), [.. texts], topN, truncate ? true : null),
            ClientJson.Default.ClassificationCall, ClientJson.Default.ClassificationResult, idempotencyKey: null,
            CallBounds.Call, cancellationToken);

    /// <summary>Whether the Gateway answers within 5 s and is ready for requests. It is asked once.</summary>
    public async Task<bool> IsHealthyAsync(CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Options.Set(CallBounds.Key, CallBounds.Health);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
                .ConfigureAwait(false);
            return response.IsSuccessStatusCode;
        }
        catch (AiPlatformException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _durable.Dispose();
        _http.Dispose();
    }

    private HttpClient NewHttp(HttpMessageHandler handler, bool ownsHandler)
    {
        var http = new HttpClient(handler, ownsHandler)
        {
            BaseAddress = _options.Endpoint,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
        if (_options.Key is { } key) http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return http;
    }

    /// <summary>The SDK without retries and limits of its own: ours know the Gateway's answers.</summary>
    private OpenAIClient NewOpenAI(HttpClient http) => new(
        new ApiKeyCredential(_options.Key ?? "unused"),
        new OpenAIClientOptions
        {
            Endpoint = new Uri(_options.Endpoint, "v1"),
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = System.Threading.Timeout.InfiniteTimeSpan,
        });

    private WholeSchemaClient NewChatClient(OpenAIClient openAI, string? model) =>
        new(openAI.GetChatClient(ModelOr(model)).AsIChatClient());

    private string ModelOr(string? model) => model ?? _options.Model
        ?? throw new ArgumentException("Name a model, or set Model in the options or the connection string.", nameof(model));
}
