using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace AiPlatform.Cli;

/// <summary><c>models</c>: prints the models that the Gateway serves, as a table or as its JSON.</summary>
internal sealed class ModelsCommand(bool isJson, GatewayApi gateway, Screen screen)
{
    public static Command Create(GatewayChoice choice, Screen screen)
    {
        var json = CommandOptions.Json("Prints the Gateway's own JSON.");
        var command = new Command("models", "Lists the models that the Gateway serves, with their workers or providers.") { json };
        choice.AddTo(command);
        command.SetAction(async parsed =>
        {
            using var gateway = choice.Open(parsed);
            return await new ModelsCommand(parsed.GetValue(json), gateway, screen).RunAsync();
        });
        return command;
    }

    public async Task<int> RunAsync()
    {
        var (answer, problem) = await gateway.ListModelsAsync();
        if (answer is not var (json, list))
        {
            screen.Error(problem!);
            return 1;
        }

        var models = list.Data!;
        if (isJson) await Console.Out.WriteLineAsync(json);
        else if (models.Count == 0) screen.Note($"The Gateway serves no model: is a worker ready? '{Program.Name} doctor' says more.");
        else screen.Answers.Write(TableOf(models));
        return 0;
    }

    private static Table TableOf(IReadOnlyList<ModelEntry> models)
    {
        var table = new Table().Border(TableBorder.Minimal);
        table.AddColumn("model").AddColumn("task").AddColumn(new TableColumn("context").RightAligned()).AddColumn("device")
            .AddColumn(new TableColumn("workers").RightAligned()).AddColumn("provider");
        foreach (var model in models)
        {
            var isProviders = model.ServedBy == "provider";
            var devices = model.Devices is { Count: > 0 } some ? string.Join(", ", some) : "-";
            table.AddRow(Cells(
                model.Id, model.Task ?? "-", Number(model.MaxModelLen), devices, Number(model.Workers),
                isProviders ? model.OwnedBy ?? "-" : "-"));
        }

        return table;
    }

    private static string[] Cells(params string[] texts) => [.. texts.Select(text => Markup.Escape(Screen.Printable(text)))];

    private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
