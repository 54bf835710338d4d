using System.Globalization;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Redis;

/// <summary>Writes values in the form in which scripts take them.</summary>
internal static class ScriptArgument
{
    /// <summary>Whole milliseconds, rounded up: a time that is not zero never becomes zero.</summary>
    public static RedisValue Milliseconds(TimeSpan time) =>
        ((long)Math.Ceiling(time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}
