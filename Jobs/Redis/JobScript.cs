using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AiPlatform.Jobs.Redis;

/// <summary>One of the embedded <c>scripts/*.lua</c>: every state change is one of them.</summary>
internal sealed partial class JobScript
{
    /// <summary>What scripts share; a line <c>-- include NAME.lua</c> stands for its text. A part may include those after it.</summary>
    private static readonly string[] Parts = ["requeuing", "transitions", "bytes", "reading", "lanes", "records", "clock"];

    private JobScript(string name)
    {
        Name = name;
        Text = WithoutUnused(Parts.Aggregate(
            Embedded(name), (text, part) => text.Replace($"-- include {part}.lua\n", Embedded(part), StringComparison.Ordinal)));
#pragma warning disable CA5350 // Redis names scripts by SHA-1; nothing is secured by it
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    public static JobScript Submit { get; } = new("submit");
    public static JobScript Lease { get; } = new("lease");
    public static JobScript Renew { get; } = new("renew");
    public static JobScript Commit { get; } = new("commit");
    public static JobScript Release { get; } = new("release");
    public static JobScript Cancel { get; } = new("cancel");
    public static JobScript Read { get; } = new("read");
    public static JobScript Watch { get; } = new("watch");
    public static JobScript Sweep { get; } = new("sweep");
    public static JobScript Append { get; } = new("append");
    public static JobScript Events { get; } = new("events");
    public static JobScript Follow { get; } = new("follow");
    public static JobScript PutAside { get; } = new("put_aside");
    public static JobScript List { get; } = new("list");
    public static JobScript Requeue { get; } = new("requeue");
    public static JobScript RequeueDead { get; } = new("requeue_dead");
    public static JobScript Pause { get; } = new("pause");
    public static JobScript Queue { get; } = new("queue");
    public static JobScript Claim { get; } = new("claim");
    public static JobScript Unclaim { get; } = new("unclaim");
    public static JobScript Recall { get; } = new("recall");
    public static JobScript Remember { get; } = new("remember");
    public static JobScript UsageAdd { get; } = new("usage_add");
    public static JobScript UsageRead { get; } = new("usage_read");
    public static JobScript Heartbeat { get; } = new("heartbeat");
    public static JobScript Catalog { get; } = new("catalog");

    public string Name { get; }

    /// <summary>What Redis runs; begins with <c>#!lua</c>, so that a cluster refuses keys of another slot.</summary>
    public string Text { get; }

    /// <summary>SHA-1 of <see cref="Text"/>, by which Redis finds it.</summary>
    public byte[] Hash { get; }

    /// <summary>
    /// Leaves out the functions of parts that a script does not call. Redis makes every function of a script anew each time that the
    /// script runs, and its garbage collector takes them away again: twenty functions cost as much as four commands.
    /// </summary>
    private static string WithoutUnused(string text)
    {
        // A function stands before its callers.
        foreach (var function in Function().Matches(text).Reverse())
        {
            var end = function.Index + function.Length;
            var use = new Regex($@"^(?!\s*--).*(?<![\w']){function.Groups["name"].Value}\b", RegexOptions.Multiline);
            if (!use.IsMatch(text[end..])) text = text.Remove(function.Index, function.Length);
        }

        return text;
    }

    /// <summary>A function of the outermost level, on one line or up to the next <c>end</c> that is not indented.</summary>
    [GeneratedRegex(@"^local function (?<name>\w+)\((?:.*\bend|.*\n(?:(?!end$).*\n)*end)\n", RegexOptions.Multiline)]
    private static partial Regex Function();

    private static string Embedded(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{name}.lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not embedded. This is a bug.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
