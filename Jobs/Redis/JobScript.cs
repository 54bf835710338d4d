using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AiPlatform.Jobs.Redis;

/// <summary>One of the embedded <c>scripts/*.lua</c>. Every change of a job's state is one script.</summary>
internal sealed partial class JobScript
{
    /// <summary>
    /// The parts that scripts share. The first line <c>-- include NAME.lua</c> is replaced by the text of the part. A part may include
    /// those after it.
    /// </summary>
    private static readonly string[] Parts = ["requeuing", "transitions", "bytes", "reading", "lanes", "records", "limits", "clock"];

    /// <summary>The first and the last line of the function with a script's rarely used code.</summary>
    private const string RareStart = "local rarely = function()\n  if rare then return rare end\n";
    private const string RareEnd = "\nend -- rarely\n";

    private JobScript(string name)
    {
        Name = name;
        Text = WithRareOnesInside(WithoutUnused(Parts.Aggregate(Embedded(name), Include)));
#pragma warning disable CA5350 // Redis names scripts by SHA-1; nothing is secured by it
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    public static JobScript Submit { get; } = new("submit");
    public static JobScript Lease { get; } = new("lease");
    public static JobScript Withdraw { get; } = new("withdraw");
    public static JobScript Renew { get; } = new("renew");
    public static JobScript Commit { get; } = new("commit");
    public static JobScript Release { get; } = new("release");
    public static JobScript Cancel { get; } = new("cancel");
    public static JobScript Read { get; } = new("read");
    public static JobScript Watch { get; } = new("watch");
    public static JobScript Confirm { get; } = new("confirm");
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
    public static JobScript LimitTake { get; } = new("limit_take");
    public static JobScript LimitEnd { get; } = new("limit_end");
    public static JobScript LimitRenew { get; } = new("limit_renew");
    public static JobScript Heartbeat { get; } = new("heartbeat");
    public static JobScript Catalog { get; } = new("catalog");

    public string Name { get; }

    /// <summary>The text that Redis runs. It begins with <c>#!lua</c>, so that a cluster refuses keys of another slot.</summary>
    public string Text { get; }

    /// <summary>SHA-1 of <see cref="Text"/>, by which Redis finds it.</summary>
    public byte[] Hash { get; }

    private static string Include(string text, string part)
    {
        var line = $"-- include {part}.lua\n";
        var at = text.IndexOf(line, StringComparison.Ordinal);
        return at < 0 ? text : text[..at] + Embedded(part) + text[(at + line.Length)..].Replace(line, "", StringComparison.Ordinal);
    }

    /// <summary>
    /// Removes the functions of parts that a script does not call. Redis creates every function of a script at each run, and its garbage
    /// collector removes them again: twenty functions cost as much as four commands.
    /// </summary>
    private static string WithoutUnused(string text)
    {
        // A function is defined before its callers.
        foreach (var function in Function().Matches(text).Reverse())
        {
            if (!Uses(function, text[(function.Index + function.Length)..])) text = text.Remove(function.Index, function.Length);
        }

        return text;
    }

    /// <summary>
    /// Moves the functions that only a script's <c>rarely</c> calls into it, so that they are created when it is called, and not at each
    /// run.
    /// </summary>
    private static string WithRareOnesInside(string text)
    {
        var start = text.IndexOf(RareStart, StringComparison.Ordinal);
        if (start < 0) return text;

        foreach (var function in Function().Matches(text[..start]).Reverse())
        {
            var (from, inside) = (function.Index + function.Length, text.IndexOf(RareStart, StringComparison.Ordinal) + RareStart.Length);
            var outside = text[from..inside] + text[text.IndexOf(RareEnd, StringComparison.Ordinal)..];
            if (!Uses(function, outside)) text = text[..function.Index] + text[from..inside] + function.Value + text[inside..];
        }

        return text;
    }

    private static bool Uses(Match function, string text) =>
        new Regex($@"^(?!\s*--).*(?<![\w']){function.Groups["name"].Value}\b", RegexOptions.Multiline).IsMatch(text);

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
