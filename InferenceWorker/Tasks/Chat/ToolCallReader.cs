using System.Text;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// Reads calls from the text of an answer as it comes, in the form that <see cref="ToolCallForm"/> describes and the answer's grammar
/// guarantees. A text that does not begin as calls do is passed on as it is.
/// </summary>
/// <param name="mustCall">Whether the answer can be no text.</param>
internal sealed class ToolCallReader(bool mustCall)
{
    private readonly StringBuilder _held = new();
    private readonly StringBuilder _name = new();
    private State _state = mustCall ? State.Head : State.Undecided;
    private int _matched;
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;

    private enum State
    {
        /// <summary>All so far may be the beginning of a call.</summary>
        Undecided,

        /// <summary>The answer is a text.</summary>
        Text,

        /// <summary>Before a name.</summary>
        Head,

        Name,

        /// <summary>Between a name and its arguments.</summary>
        Middle,

        Arguments,

        /// <summary>Behind the arguments, and before the next call.</summary>
        Tail,
    }

    /// <summary>Calls that have a name so far.</summary>
    public int Calls { get; private set; }

    /// <summary>An earlier attempt has said of the answer that it is a text.</summary>
    public void BeText() => _state = State.Text;

    /// <summary>Reads what comes next. One of the two, or both, are empty.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isLast">Whether nothing comes behind it.</param>
    public (string Text, IReadOnlyList<AnswerCallPiece> Calls) Read(string text, bool isLast)
    {
        if (_state == State.Undecided)
        {
            _held.Append(text);
            text = _held.ToString();
            var length = Math.Min(text.Length, ToolCallForm.Mark.Length);
            if (text.AsSpan(0, length).SequenceEqual(ToolCallForm.Mark.AsSpan(0, length)))
            {
                if (length < ToolCallForm.Mark.Length && !isLast) return ("", []);
                if (length == ToolCallForm.Mark.Length) _state = State.Head;
            }

            if (_state == State.Undecided) _state = State.Text;
            _held.Clear();
        }

        return _state == State.Text ? (text, []) : ("", ReadCalls(text));
    }

    private List<AnswerCallPiece> ReadCalls(string text)
    {
        List<AnswerCallPiece> pieces = [];
        var arguments = new StringBuilder();
        foreach (var character in text)
        {
            switch (_state)
            {
                case State.Head:
                    Skip(ToolCallForm.BeforeName, character, State.Name);
                    break;
                case State.Name when character == '"':
                    pieces.Add(new AnswerCallPiece(Calls++, $"{_name}", ""));
                    _name.Clear();
                    (_state, _matched) = (State.Middle, 1);
                    break;
                case State.Name:
                    _name.Append(character);
                    break;
                case State.Middle:
                    Skip(ToolCallForm.BeforeArguments, character, State.Arguments);
                    break;
                case State.Arguments:
                    arguments.Append(character);
                    if (IsEnd(character))
                    {
                        Say();
                        (_state, _matched) = (State.Tail, 0);
                    }

                    break;
                default:
                    Skip(ToolCallForm.AfterArguments + ToolCallForm.BetweenCalls, character, State.Head);
                    break;
            }
        }

        Say();
        return pieces;

        void Say()
        {
            if (arguments.Length > 0) pieces.Add(new AnswerCallPiece(Calls - 1, null, $"{arguments}"));
            arguments.Clear();
        }
    }

    /// <exception cref="FormatException">The answer is in another form than its grammar allows.</exception>
    private void Skip(string expected, char character, State next)
    {
        if (expected[_matched++] != character) throw new FormatException("The model's call is not in the form of calls. This is a bug.");
        if (_matched == expected.Length) (_state, _matched) = (next, 0);
    }

    /// <summary>Whether a character ends the arguments, which are one JSON object.</summary>
    private bool IsEnd(char character)
    {
        if (_isEscaped)
        {
            _isEscaped = false;
        }
        else if (_isInString)
        {
            _isEscaped = character == '\\';
            _isInString = character != '"';
        }
        else
        {
            _isInString = character == '"';
            _depth += character is '{' or '[' ? 1 : character is '}' or ']' ? -1 : 0;
            return _depth == 0;
        }

        return false;
    }
}
