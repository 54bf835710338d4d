namespace AiPlatform.Gateway.Providers;

/// <summary>An attempt that did not give the answer.</summary>
/// <param name="Model">Which model was asked.</param>
/// <param name="Reason">One word.</param>
internal readonly record struct FailedAttempt(string Model, string Reason);
