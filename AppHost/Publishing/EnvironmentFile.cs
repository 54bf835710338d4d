using System.Text.RegularExpressions;

namespace AiPlatform.AppHost.Publishing;

/// <summary>The text of an env file, as Docker Compose reads it.</summary>
/// <param name="text">Its lines.</param>
internal sealed partial class EnvironmentFile(string text)
{
    private readonly List<string> _lines = [.. text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n')];

    [GeneratedRegex(@"\A\s*(?:export\s+)?(?<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*[=:](?<value>.*)\z")]
    private static partial Regex Variable { get; }

    [GeneratedRegex(@"\A# (?<name>[A-Za-z_][A-Za-z0-9_.-]*)=")]
    private static partial Regex Example { get; }

    [GeneratedRegex(@"\A[A-Za-z0-9_./:@,=+-]*\z")]
    private static partial Regex Plain { get; }

    /// <summary>The variables, each once.</summary>
    public IReadOnlyList<string> Names => [.. _lines.Select(line => NameIn(Variable, line)).OfType<string>().Distinct()];

    /// <summary>The value as it is written, with its quotes; null when the variable is not set.</summary>
    public string? this[string name] => IndexOf(Variable, name) is var at and >= 0
        ? Variable.Match(_lines[at]).Groups["value"].Value.Trim() : null;

    /// <summary>Sets a variable to a value, in which Docker Compose then replaces nothing.</summary>
    public void Set(string name, string value) => SetWritten(
        name, Plain.IsMatch(value) ? value : $"'{value.Replace("'", "\\'", StringComparison.Ordinal)}'");

    /// <summary>
    /// Takes over the variables of another version of the file. A variable changes if it still has the value that was written here last, or
    /// none. Others stay as somebody has set them.
    /// </summary>
    /// <param name="last">What was written here last; null when nobody knows.</param>
    /// <param name="wanted">The other version. Its empty variables are there for somebody to fill in.</param>
    /// <returns>The variables that somebody has set.</returns>
    public IReadOnlyList<KeptVariable> TakeOver(EnvironmentFile? last, EnvironmentFile wanted)
    {
        List<KeptVariable> kept = [];
        foreach (var name in wanted.Names)
        {
            var (now, wish) = (this[name], wanted[name]!);
            if (now is null) Add(name, wanted);
            else if (now.Length > 0 && (wish.Length == 0 || (now != wish && now != last?[name]))) kept.Add(new(name, wish.Length > 0));
            else if (now != wish) SetWritten(name, wish);
        }

        foreach (var name in Names.Except(wanted.Names).ToList())
        {
            if (this[name] == last?[name]) _lines.RemoveAll(line => NameIn(Variable, line) == name);
            else kept.Add(new(name, IsOtherwise: false));
        }

        return kept;
    }

    public override string ToString() => $"{string.Join('\n', _lines)}\n";

    /// <summary>Adds a variable of another version, with the comment right before it there, unless an example of it is here.</summary>
    private void Add(string name, EnvironmentFile wanted)
    {
        var at = wanted.IndexOf(Variable, name);
        if (IndexOf(Example, name) < 0 && at > 0 && wanted._lines[at - 1] is ['#', ..] and var comment && !Example.IsMatch(comment))
            _lines.Add(comment);
        SetWritten(name, wanted[name]!);
    }

    /// <summary>Sets a variable to a value that has its quotes already.</summary>
    public void SetWritten(string name, string value)
    {
        var at = IndexOf(Variable, name) is var set and >= 0 ? set : IndexOf(Example, name);
        var line = $"{name}={value}";
        if (at >= 0) _lines[at] = line;
        else _lines.Add(line);
    }

    /// <summary>The last one counts.</summary>
    private int IndexOf(Regex form, string name) => _lines.FindLastIndex(line => NameIn(form, line) == name);

    private static string? NameIn(Regex form, string line) =>
        form.Match(line) is { Success: true } match ? match.Groups["name"].Value : null;
}

/// <summary>A variable that stays as somebody has set it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsOtherwise">Whether the model has another value.</param>
internal sealed record KeptVariable(string Name, bool IsOtherwise);
