using System.Globalization;
using Spectre.Console;

namespace AiPlatform.Cli;

/// <summary><c>./ai models</c>: prints the models that the Gateway serves, as a table or as its JSON.</summary>
internal sealed class ModelsCommand(ModelsArguments arguments, GatewayApi gateway, Screen screen)
{
    public async Task<int> RunAsync()
    {
        var (answer, problem) = await gateway.ListModelsAsync();
        if (answer is not var (json, models))
        {
            screen.Error(problem!);
            return 1;
        }

        if (arguments.Json) await Console.Out.WriteLineAsync(json);
        else if (models.Count == 0) screen.Note("The Gateway serves no model: is a worker ready? './ai doctor' shows the workers' models.");
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
