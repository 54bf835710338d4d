using System.Diagnostics;

namespace AiPlatform.Jobs;

/// <summary>The lanes' names in the API, which are the enum's in lower case, and their letters in Redis.</summary>
public static class LaneNames
{
    extension(Lane lane)
    {
        public string Name => lane switch
        {
            Lane.Interactive => "interactive",
            Lane.Default => "default",
            Lane.Batch => "batch",
            _ => throw new UnreachableException($"Lane {(int)lane} has no name. This is a bug."),
        };

        /// <summary>Its letter in records and keys: the first of its name.</summary>
        internal string Letter => lane switch
        {
            Lane.Interactive => "i",
            Lane.Default => "d",
            _ => "b",
        };
    }

    /// <summary>False when no lane has this name.</summary>
    public static bool TryParse(string name, out Lane lane)
    {
        lane = name switch
        {
            "interactive" => Lane.Interactive,
            "batch" => Lane.Batch,
            _ => Lane.Default,
        };
        return lane.Name == name;
    }

    /// <summary>The lane of a letter; the default one for any other.</summary>
    internal static Lane FromLetter(char letter) => letter switch
    {
        'i' => Lane.Interactive,
        'b' => Lane.Batch,
        _ => Lane.Default,
    };
}
