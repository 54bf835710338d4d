using System.Diagnostics;
using Xunit;

namespace AiPlatform.Tests.Documentation;

/// <summary>Runs <c>eng/check-folders</c>, which CI runs, on folders that the tests create.</summary>
public sealed class CheckFoldersTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("check-folders-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Check_OfThisCheckout_FindsNothing() => Assert.Equal((0, ""), await RunAsync(Checkout.Root));

    [Fact]
    public async Task Check_ImportsOneWay_FindsNothing()
    {
        Write("Gateway/Program.cs", "AiPlatform.Gateway.Http");
        Write("Gateway/Http/Route.cs", "AiPlatform.Gateway.Errors", "AiPlatform.Jobs");
        Write("Gateway/Errors/Refusal.cs");

        Assert.Equal((0, ""), await CheckAsync());
    }

    [Fact]
    public async Task Check_FoldersImportEachOther_NamesTheFilesOfTheCircle()
    {
        Write("Gateway/Http/Route.cs", "AiPlatform.Gateway.Errors");
        Write("Gateway/Errors/Refusal.cs", "AiPlatform.Gateway.Callers");
        Write("Gateway/Callers/Keys/Key.cs", "AiPlatform.Gateway.Http");
        Write("Gateway/Jobs/Job.cs", "AiPlatform.Gateway.Http");

        var (status, said) = await CheckAsync();

        Assert.Equal(1, status);
        Assert.Contains("Gateway/Http/Route.cs:1 imports Errors", said, StringComparison.Ordinal);
        Assert.Contains("Gateway/Errors/Refusal.cs:1 imports Callers", said, StringComparison.Ordinal);
        Assert.Contains("Gateway/Callers/Keys/Key.cs:1 imports Http", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Gateway/Jobs", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_QualifiedNameInsideAFolder_CountsAsAnImport()
    {
        Write("Gateway/Providers/Whole/Answer.cs", "AiPlatform.Gateway.Providers.Streams");
        Write("Gateway/Providers/Streams/Event.cs");
        File.AppendAllText(
            PathOf("Gateway/Providers/Streams/Event.cs"),
            "internal sealed record Event(AiPlatform.Gateway.Providers.Whole.Answer Answer);\n");

        var (status, said) = await CheckAsync();

        Assert.Equal(1, status);
        Assert.Contains("Gateway/Providers: Streams and Whole are in a circle", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ThirteenFilesInAFolder_IsTooMany()
    {
        for (var i = 0; i < 13; i++) Write($"Jobs/Store/File{i}.cs");

        Assert.Equal((1, "Jobs/Store: 13 files; at most 12\n"), await CheckAsync());
    }

    [Fact]
    public async Task Check_NamespaceOfAnotherFolder_IsNamed()
    {
        Write("Jobs/Store/Script.cs");
        File.Move(PathOf("Jobs/Store/Script.cs"), PathOf("Jobs/Script.cs"));

        Assert.Equal((1, "Jobs/Script.cs:1: the namespace is not the folder's\n"), await CheckAsync());
    }

    private string PathOf(string file) => Path.Combine(_root.FullName, file);

    private void Write(string file, params string[] imports)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(file))!);
        var space = Path.GetDirectoryName(file)!.Replace('/', '.');
        File.WriteAllText(PathOf(file), $"{string.Concat(imports.Select(one => $"using {one};\n"))}namespace AiPlatform.{space};\n");
    }

    private async Task<(int Status, string Said)> CheckAsync()
    {
        Directory.CreateDirectory(PathOf("eng"));
        File.Copy(Path.Combine(Checkout.Root, "eng", "check-folders"), PathOf("eng/check-folders"));
        using (var git = Process.Start("git", ["init", "--quiet", _root.FullName])) await git.WaitForExitAsync(Ct);
        return await RunAsync(_root.FullName);
    }

    private static async Task<(int Status, string Said)> RunAsync(string root)
    {
        var command = new ProcessStartInfo(Path.Combine(root, "eng", "check-folders")) { RedirectStandardOutput = true };
        using var check = Process.Start(command)!;
        var said = await check.StandardOutput.ReadToEndAsync(Ct);
        await check.WaitForExitAsync(Ct);
        return (check.ExitCode, said);
    }
}
