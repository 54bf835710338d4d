namespace AiPlatform.AppHost.Commands;

/// <summary>When a command can be run.</summary>
internal static class CommandStates
{
    public static ResourceCommandState WhenRunning(UpdateCommandStateContext context) =>
        context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;
}
