namespace AiPlatform.Gateway.Callers;

/// <summary>Marks routes that only an operator may call.</summary>
internal sealed class OperatorOnly
{
    public static OperatorOnly Mark { get; } = new();
}
