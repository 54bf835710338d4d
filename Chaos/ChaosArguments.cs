using System.Globalization;

namespace AiPlatform.Chaos;

/// <summary>The arguments of the command line.</summary>
/// <param name="Jobs">Requests that are sent, 1 to 1,000,000.</param>
/// <param name="Seconds">Longest time in which requests are sent and faults begin, 5 to 36,000.</param>
/// <param name="Seed">The seed of the requests and of the plan of faults, 0 to 2,147,483,647.</param>
internal sealed record ChaosArguments(int Jobs, int Seconds, int Seed)
{
    public static ChaosArguments Default { get; } = new(2_000, 120, 1);

    /// <returns>The arguments; or null, and what is wrong with them.</returns>
    public static (ChaosArguments? Wanted, string? Misuse) Parse(IReadOnlyList<string> arguments)
    {
        var wanted = Default;
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            var (least, most) = arguments[i] switch
            {
                "--jobs" => (1, 1_000_000),
                "--seconds" => (5, 36_000),
                "--seed" => (0, int.MaxValue),
                _ => (-1, -1),
            };
            if (least < 0) return (null, $"'chaos' has no option '{arguments[i]}'.");
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
            {
                return (null,
                    string.Create(CultureInfo.InvariantCulture, $"'{arguments[i]}' takes a number from {least} to {most}, not '{value}'."));
            }

            wanted = arguments[i] switch
            {
                "--jobs" => wanted with { Jobs = number },
                "--seconds" => wanted with { Seconds = number },
                _ => wanted with { Seed = number },
            };
        }

        return (wanted, null);
    }
}
