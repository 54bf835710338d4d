using System.Buffers;
using System.Text;
using AiPlatform.Grammars.Patterns;

namespace AiPlatform.Gateway.StructuredOutput.Patterns;

/// <summary>
/// A regular expression of a schema in ECMAScript's dialect (with the <c>u</c> flag), as an automaton that follows all alternatives at
/// once. At each character of a text it visits each state at most once, and each visit is a step. It is immutable and thread-safe.
/// </summary>
internal sealed class EcmaPattern
{
    /// <summary>Most characters of a pattern.</summary>
    public const int MaxLength = 10_000;

    /// <summary>Most states of a pattern, with every count written out: <c>a{500}</c> has 500.</summary>
    public const int MaxStates = 10_000;

    private const long StepsOfCharacter = 60;
    private const long StepsOfState = 20;

    private readonly State[] _states;
    private readonly int _start;
    private readonly bool _isAnchored;

    private EcmaPattern(PatternNode pattern)
    {
        (_states, _start) = PatternProgram.Of(pattern);
        _isAnchored = _states[_start].Kind == StateKind.Start;
    }

    /// <summary>The number of states of its automaton.</summary>
    public int States => _states.Length;

    /// <param name="pattern">The pattern, which matches anywhere in a text unless it has anchors.</param>
    /// <param name="budget">The budget of steps.</param>
    /// <exception cref="PatternException">It is invalid, too large, or needs what no automaton can do.</exception>
    public static EcmaPattern Compile(string pattern, StepBudget budget)
    {
        if (pattern.Length > MaxLength) throw new PatternException($"It has {pattern.Length} characters; the most are {MaxLength}.");

        // Parsing costs steps by characters, of which sets cost most. Building the automaton costs steps by states, which are counted
        // before.
        budget.Spend(pattern.Length * StepsOfCharacter);
        var parser = new PatternParser(pattern);
        var read = parser.Parse();
        if (parser.Beyond is { } beyond) throw new PatternException($"It cannot be matched in linear time: do without {beyond}.");
        if (read.States > MaxStates)
        {
            var states = read.States < PatternNode.Uncounted ? $"{read.States}" : $"{PatternNode.Uncounted} or more";
            throw new PatternException(
                $"It cannot be matched in linear time: with its counts written out it has {states} states; the most are {MaxStates}.");
        }

        budget.Spend(read.States * StepsOfState);
        return new EcmaPattern(read);
    }

    /// <summary>Whether a text is a valid pattern, even if it cannot be matched in linear time.</summary>
    public static bool IsPattern(string text)
    {
        try
        {
            _ = new PatternParser(text).Parse();
            return true;
        }
        catch (PatternException)
        {
            return false;
        }
    }

    /// <summary>Whether the pattern matches the text or a part of it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="space">Working memory.</param>
    /// <param name="budget">The budget; each visited state is a step.</param>
    public bool IsMatch(ReadOnlySpan<char> text, MatchSpace space, StepBudget budget)
    {
        space.Begin(_states.Length);
        var (at, previous) = (0, -1);
        while (true)
        {
            var (current, length) = CharacterAt(text, at);
            if (at == 0 || !_isAnchored) space.Enter(_start);
            var (matches, visited) = Visit(space, previous, current);
            budget.Spend(visited + 1);
            if (matches) return true;
            if (current < 0 || !space.Advance(mayBeEmpty: !_isAnchored)) return false;
            (at, previous) = (at + length, current);
        }
    }

    /// <summary>Visits all states that can be reached between two characters, and notes the states after the second character.</summary>
    private (bool Matches, int Visited) Visit(MatchSpace space, int previous, int current)
    {
        var visited = 0;
        while (space.TryVisit(out var index))
        {
            visited++;
            ref readonly var state = ref _states[index];
            switch (state.Kind)
            {
                case StateKind.Match:
                    return (true, visited);
                case StateKind.Character:
                    if (state.Other == current) space.Note(state.Next);
                    break;
                case StateKind.Class:
                    if (current >= 0 && state.Set!.Contains(current)) space.Note(state.Next);
                    break;
                case StateKind.Split:
                    space.Enter(state.Other);
                    space.Enter(state.Next);
                    break;
                default:
                    if (IsAt(state.Kind, previous, current)) space.Enter(state.Next);
                    break;
            }
        }

        return (false, visited);
    }

    private static bool IsAt(StateKind place, int previous, int current) => place switch
    {
        StateKind.Start => previous < 0,
        StateKind.End => current < 0,
        StateKind.WordEdge => EcmaClass.IsWord(previous) != EcmaClass.IsWord(current),
        _ => EcmaClass.IsWord(previous) == EcmaClass.IsWord(current),
    };

    private static (int Character, int Length) CharacterAt(ReadOnlySpan<char> text, int at)
    {
        if (at == text.Length) return (-1, 0);
        if (!char.IsSurrogate(text[at])) return (text[at], 1);
        var status = Rune.DecodeFromUtf16(text[at..], out var rune, out var length);
        return status == OperationStatus.Done ? (rune.Value, length) : (text[at], 1);
    }
}
