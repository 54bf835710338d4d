namespace AiPlatform.Gateway.Providers;

/// <summary>A provider gave no answer: no connection, no TLS, or the connection broke. The message is fit for callers.</summary>
internal sealed class ProviderUnreachableException(string message, Exception inner) : Exception(message, inner);
