using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>A test, which follows <c>is</c>.</summary>
internal delegate bool Test(Interpreter run, object value, CallArguments arguments);

/// <summary>The tests by name.</summary>
internal static class ValueTests
{
    public static readonly Dictionary<string, Test> Known = new()
    {
        ["defined"] = (_, value, _) => value is not JinjaUndefined,
        ["undefined"] = (_, value, _) => value is JinjaUndefined,
        ["none"] = (_, value, _) => value is JinjaNone,
        ["string"] = (_, value, _) => value is JinjaText,
        ["mapping"] = (_, value, _) => value is JinjaDict,
        ["iterable"] = (_, value, _) => value is JinjaText or JinjaList or JinjaDict or JinjaUndefined,
        ["sequence"] = (_, value, _) => value is JinjaText or JinjaList or JinjaDict or JinjaUndefined,
        ["number"] = (_, value, _) => Operators.AsNumber(value) is not null,
        ["integer"] = (_, value, _) => value is not bool && Operators.TypeName(value) == "int",
        ["float"] = (_, value, _) => value is double,
        ["boolean"] = (_, value, _) => value is bool,
        ["true"] = (_, value, _) => value is true,
        ["false"] = (_, value, _) => value is false,
        ["odd"] = (_, value, _) => Remainder(value, 2L) == 1,
        ["even"] = (_, value, _) => Remainder(value, 2L) == 0,
        ["divisibleby"] = (_, value, arguments) => Remainder(value, Other(arguments)) == 0,
        ["sameas"] = (_, value, arguments) => IsSame(value, Other(arguments)),
        ["callable"] = (_, value, _) => value is JinjaObject,
        ["upper"] = (run, value, _) => IsUpper(run.ToText(value).Value),
        ["lower"] = (run, value, _) => IsLower(run.ToText(value).Value),
        ["escaped"] = (_, _, _) => false,
        ["filter"] = (_, value, _) => value is JinjaText name && Filters.Known.ContainsKey(name.Value),
        ["test"] = (_, value, _) => value is JinjaText name && Known!.ContainsKey(name.Value), // not null once a template runs
        ["in"] = (_, value, arguments) => Operators.Contains(Other(arguments), value),
        ["eq"] = AreEqual,
        ["equalto"] = AreEqual,
        ["=="] = AreEqual,
        ["ne"] = (run, value, arguments) => !AreEqual(run, value, arguments),
        ["!="] = (run, value, arguments) => !AreEqual(run, value, arguments),
        ["lt"] = Compares("<", order => order < 0),
        ["lessthan"] = Compares("<", order => order < 0),
        ["<"] = Compares("<", order => order < 0),
        ["le"] = Compares("<=", order => order <= 0),
        ["<="] = Compares("<=", order => order <= 0),
        ["gt"] = Compares(">", order => order > 0),
        ["greaterthan"] = Compares(">", order => order > 0),
        [">"] = Compares(">", order => order > 0),
        ["ge"] = Compares(">=", order => order >= 0),
        [">="] = Compares(">=", order => order >= 0),
    };

    public static bool IsUpper(string text) => text.Any(char.IsUpper) && !text.Any(char.IsLower);

    public static bool IsLower(string text) => text.Any(char.IsLower) && !text.Any(char.IsUpper);

    private static bool AreEqual(Interpreter run, object value, CallArguments arguments) => Operators.AreEqual(value, Other(arguments));

    private static Test Compares(string operation, Func<int, bool> holds) =>
        (_, value, arguments) => holds(Operators.Compare(value, Other(arguments), operation));

    private static object Other(CallArguments arguments) => Methods.Required(arguments.Bind("test", "other")[0], "test");

    private static double Remainder(object value, object by) => Operators.AsDouble(Operators.Calculate("%", value, by));

    private static bool IsSame(object value, object other) => value switch
    {
        bool or long => value.Equals(other),
        JinjaText text => other is JinjaText same && text.Value == same.Value,
        _ => ReferenceEquals(value, other),
    };
}
