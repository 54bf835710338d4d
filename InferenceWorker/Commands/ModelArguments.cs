using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.InferenceWorker.Commands;

/// <summary>The parsed command line of <c>model</c>.</summary>
internal abstract record ModelArguments
{
    /// <returns>The arguments; or null, and what is wrong with the command line.</returns>
    public static (ModelArguments? Wanted, string? Misuse) Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0) return (null, "'model' needs a command.");
        List<string> rest = [.. arguments.Skip(1)];
        return arguments[0] switch
        {
            "add" => ParseAdd(rest),
            "list" => rest.Count == 0 ? (new ListModels(), null) : (null, $"'model list' takes no '{rest[0]}'."),
            "check" => rest.Find(IsOption) is { } option
                ? (null, $"'model check' has no option '{option}'.") : (new CheckModels(rest), null),
            "remove" => rest switch
            {
                [var name] when !IsOption(name) => (new RemoveModel(name), null),
                _ => (null, "'model remove' takes the name of one model."),
            },
            var other => (null, $"'model' has no command '{other}'."),
        };
    }

    private static (ModelArguments? Wanted, string? Misuse) ParseAdd(List<string> rest)
    {
        var add = new AddModel("");
        string? misuse = null;
        for (var i = 0; i < rest.Count && misuse is null; i++)
        {
            var argument = rest[i];
            var takesValue = argument is "--name" or "--task" or "--onnx" or "--set";
            if (takesValue) (add, misuse) = Read(add, argument, ++i < rest.Count ? rest[i] : "");
            else (add, misuse) = Read(add, argument);
        }

        if (misuse is not null) return (null, misuse);
        return add.Folder.Length > 0 ? (add, null) : (null, "'model add' needs the folder of a model.");
    }

    private static (AddModel Wanted, string? Misuse) Read(AddModel add, string argument) => argument switch
    {
        "--link" => (add with { Links = true }, null),
        "--replace" => (add with { Replaces = true }, null),
        _ when IsOption(argument) => (add, $"'model add' has no option '{argument}'."),
        _ when add.Folder.Length > 0 => (add, $"'model add' takes one folder, not '{add.Folder}' and '{argument}'."),
        _ => (add with { Folder = argument }, null),
    };

    private static (AddModel Wanted, string? Misuse) Read(AddModel add, string option, string value)
    {
        if (value.Length == 0) return (add, $"{option} needs a value.");
        if (option == "--onnx") return (add with { Onnx = value }, null);
        if (option != "--set")
        {
            add.Fields[option[2..]] = value;
            return (add, null);
        }

        if (value.Split('=', 2) is not [{ Length: > 0 } field, { Length: > 0 } given] || field == "files")
            return (add, $"--set takes FIELD=VALUE of a field other than files, not '{value}'.");
        add.Fields[field] = ValueOf(given);
        return (add, null);
    }

    /// <summary>JSON such as <c>128</c>, <c>true</c> or <c>["a","b"]</c>; anything else is a text.</summary>
    private static JsonNode ValueOf(string value)
    {
        try
        {
            return JsonNode.Parse(value) ?? JsonValue.Create(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }

    private static bool IsOption(string argument) => argument.StartsWith('-');
}

/// <summary><c>model add</c>.</summary>
/// <param name="Folder">The folder that has the model's files.</param>
internal sealed record AddModel(string Folder) : ModelArguments
{
    /// <summary>Fields of the manifest that are given instead of derived.</summary>
    public JsonObject Fields { get; } = [];

    /// <summary>The ONNX file, relative to the folder; null to choose it.</summary>
    public string? Onnx { get; init; }

    /// <summary>Whether the files stay where they are, and links lead to them.</summary>
    public bool Links { get; init; }

    /// <summary>Whether it may take the place of a model of the same name.</summary>
    public bool Replaces { get; init; }
}

/// <summary><c>model list</c>.</summary>
internal sealed record ListModels : ModelArguments;

/// <summary><c>model check</c>.</summary>
/// <param name="Names">The models to check; none for all.</param>
internal sealed record CheckModels(IReadOnlyList<string> Names) : ModelArguments;

/// <summary><c>model remove</c>.</summary>
/// <param name="Name">The model's name.</param>
internal sealed record RemoveModel(string Name) : ModelArguments;
