using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Tests.Fixtures;

/// <summary>Background loops without a process around them.</summary>
internal static class TestLoops
{
    public static BackgroundLoops With(TimeProvider time) =>
        new(new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), time, NullLogger<BackgroundLoops>.Instance);
}
