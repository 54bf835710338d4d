namespace AiPlatform.Benchmarks.Processes;

/// <summary>Checks before a measurement that the machine has all tools, and cores enough.</summary>
internal static class RequiredTools
{
    private static readonly Dictionary<string, string> Installation = new()
    {
        ["redis-server"] = "install redis-server 7.0 or later, on Debian with 'apt-get install redis-server'",
        ["node"] = "install Node.js 20 or later, on Debian with 'apt-get install nodejs npm'",
        ["npm"] = "install it with Node.js 20 or later, on Debian with 'apt-get install npm'",
        ["taskset"] = "install it with util-linux, on Debian with 'apt-get install util-linux'",
        ["gcc"] = "install it for the load generator, on Debian with 'apt-get install gcc libc6-dev'",
    };

    /// <param name="measured">What has one of the cores for itself.</param>
    /// <exception cref="BenchmarkException">There is only one core.</exception>
    public static void RequireTwoCores(string measured)
    {
        if (Environment.ProcessorCount < 2)
            throw new BenchmarkException($"This benchmark needs 2 cores: one for the {measured}, one for the load.");
    }

    /// <exception cref="BenchmarkException">One of them is not on PATH.</exception>
    public static void Require(params IReadOnlyList<string> tools)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        foreach (var tool in tools)
        {
            if (!folders.Any(folder => File.Exists(Path.Combine(folder, tool))))
                throw new BenchmarkException($"{tool} is not on PATH: {Installation[tool]}.");
        }
    }
}
