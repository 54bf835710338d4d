using System.Diagnostics;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>
/// Compares the files that AppHost publishes with the committed ones. With <c>AI_WRITE_PUBLISHED=1</c> it overwrites the committed files
/// instead; check the difference before you commit it.
/// </summary>
internal static class Published
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    /// <summary>Runs AppHost as a publisher, and returns the folder of its files, inside the checkout.</summary>
    public static async Task<string> RunAsync(string name, params string[] arguments)
    {
        var (folder, exitCode, said) = await TryAsync(name, path: null, arguments);
        Assert.True(exitCode == 0, said);
        return folder;
    }

    /// <summary>Runs AppHost as a publisher into the folder of an earlier run, and returns what it said.</summary>
    public static Task<string> RunAgainAsync(string name, params string[] arguments) => RunAgainAsync(name, path: null, arguments);

    /// <summary>The same, where other programs are found in a folder first.</summary>
    public static async Task<string> RunAgainAsync(string name, string? path, string[] arguments)
    {
        var (_, exitCode, said) = await StartAsync(name, path, arguments);
        Assert.True(exitCode == 0, said);
        return said;
    }

    /// <summary>Runs AppHost as a publisher, which may fail.</summary>
    /// <param name="name">Of the folder.</param>
    /// <param name="path">Where it finds other programs first, such as <c>docker</c>; null for where this process does.</param>
    /// <param name="arguments">Of the command line.</param>
    public static async Task<(string Folder, int ExitCode, string Said)> TryAsync(string name, string? path, params string[] arguments)
    {
        if (Directory.Exists(FolderOf(name))) Directory.Delete(FolderOf(name), recursive: true);
        return await StartAsync(name, path, arguments);
    }

    private static string FolderOf(string name) => Path.Combine(Checkout.Root, "artifacts", "published", name);

    private static async Task<(string Folder, int ExitCode, string Said)> StartAsync(string name, string? path, string[] arguments)
    {
        var folder = Directory.CreateDirectory(FolderOf(name)).FullName;
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        // What it keeps for the next deployment, and passwords that it makes up, are not the developer's. Parameters that it kept would
        // also be taken before new ones.
        var home = FolderOf($"{name}-home");
        if (Directory.Exists(home)) Directory.Delete(home, recursive: true);
        start.Environment["HOME"] = Directory.CreateDirectory(home).FullName;
        if (path is not null) start.Environment["PATH"] = $"{path}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var argument in (string[])[Checkout.Program("AppHost"), .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Bound, TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (folder, process.ExitCode, $"{await output}{await errors}");
    }

    /// <summary>Fails unless both folders have the same files with the same lines.</summary>
    public static void Compare(string published, params string[] committedPath)
    {
        var committed = Path.Combine([Checkout.Root, .. committedPath]);
        if (Environment.GetEnvironmentVariable("AI_WRITE_PUBLISHED") == "1") Copy(published, committed);
        Assert.Equal(Files(committed), Files(published));
        foreach (var file in Files(published))
            Assert.Equal(File.ReadAllText(Path.Combine(committed, file)), File.ReadAllText(Path.Combine(published, file)));
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(
            file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal);

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        foreach (var file in Files(from))
        {
            var target = Path.Combine(to, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(from, file), target);
        }
    }
}
