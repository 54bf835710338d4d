using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>One keyword of a schema, compiled. It keeps nothing, and serves all threads.</summary>
/// <param name="value">What must fit.</param>
/// <param name="checking">Takes what is wrong.</param>
/// <returns>Whether it fits.</returns>
internal delegate bool SchemaCheck(JsonElement value, Checking checking);
