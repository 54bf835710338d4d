namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>A schema that cannot be checked in full. The message says where, what and what to do, for whoever wrote the schema.</summary>
internal sealed class SchemaException(string message) : Exception(message);
