using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Cuda;

public sealed class CudaLibrariesTests : IDisposable
{
    private static readonly string[] All =
    [
        "libcuda.so.1", "libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcufft.so.12",
        "libnvrtc.so.13", "libcudnn.so.9",
    ];

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Load_AllInTheLibraryPath_HasNoObstacle()
    {
        var sut = CudaLibraries.Load([], All.Contains);

        Assert.Null(sut.Obstacle);
        Assert.Empty(sut.MissingForSome);
    }

    [Fact]
    public void Load_NoDriver_SaysSoAndWhatElseIsMissing()
    {
        Assert.Equal(
            "there is no NVIDIA driver (libcuda.so.1 cannot be loaded)",
            CudaLibraries.Load([], name => name != "libcuda.so.1").Obstacle);
        Assert.Equal(
            "there is no NVIDIA driver (libcuda.so.1 cannot be loaded), and no libcudart.so.13, libcublasLt.so.13, libcublas.so.13, "
            + "libcurand.so.10",
            CudaLibraries.Load([], _ => false).Obstacle);
    }

    [Fact]
    public void Load_LibrariesMissing_NamesThem()
    {
        var sut = CudaLibraries.Load([], name => name is not ("libcublas.so.13" or "libcudnn.so.9"));

        Assert.StartsWith("these libraries of CUDA 13 cannot be loaded: libcublas.so.13 (", sut.Obstacle, StringComparison.Ordinal);
        Assert.Equal(["libcudnn.so.9"], sut.MissingForSome);
    }

    [Fact]
    public void Load_LibrariesInFolders_AreLoadedFromThereInTheOrderOfTheirNeeds()
    {
        var (toolkit, dnn) = (Folder("cu13"), Folder("cudnn"));
        foreach (var name in All[1..^1]) File.WriteAllText(Path.Combine(toolkit, name), "");
        File.WriteAllText(Path.Combine(dnn, All[^1]), "");
        List<string> loaded = [];

        var sut = CudaLibraries.Load([toolkit, dnn], path =>
        {
            if (path != All[0] && !Path.IsPathRooted(path)) return false;
            loaded.Add(Path.GetFileName(path));
            return true;
        });

        Assert.Null(sut.Obstacle);
        Assert.Equal(All, loaded);
    }

    [Fact]
    public void Load_BrokenFile_IsMissing()
    {
        var folder = Folder("cu13");
        File.WriteAllText(Path.Combine(folder, "libcurand.so.10"), "not a library");

        Assert.Contains("libcurand.so.10", CudaLibraries.Load([folder]).Missing.Concat(Found("libcurand.so.10")));
    }

    [Fact]
    public void Find_EachKindOfFolder_IsFound()
    {
        var toolkit = Folder("cuda", "lib64");
        var virtualEnvironment = Folder("venv", "lib", "python3.12", "site-packages", "nvidia", "cu13", "lib");
        var packages = Folder("packages", "nvidia", "cudnn", "lib");
        var debian = Folder("usr", "lib", "python3", "dist-packages", "nvidia", "cublas", "lib");
        Folder("venv", "lib", "python3.12", "site-packages", "numpy");

        var found = CudaFolders.FindBelow([In("cuda"), null, In("nothing"), In("venv"), In("packages"), In("packages"), In("usr")]);

        Assert.Equal([In("cuda"), toolkit, In("venv"), virtualEnvironment, In("packages"), packages, In("usr"), debian], found);
    }

    [Fact]
    public void Roots_EachVariable_ComesAfterTheSettingAndBeforeThePath()
    {
        Dictionary<string, string> variables = new()
        {
            ["CUDA_PATH"] = "/a",
            ["CUDA_HOME"] = "/b",
            ["VIRTUAL_ENV"] = "/c",
            ["CONDA_PREFIX"] = "/d",
            ["PATH"] = "/e/bin:/f/tools:/g/bin",
        };

        var roots = CudaFolders.Roots("/set", variables.GetValueOrDefault).ToList();

        Assert.Equal(["/set", "/a", "/b", "/c", "/d", "/usr/local/cuda"], roots[..6]);
        Assert.Equal(["/e", "/g"], roots[^2..]);
    }

    [Fact]
    public void Load_DriverInAContainersFolder_IsLoadedFromAFolder()
    {
        var folder = Folder("driver");
        File.WriteAllText(Path.Combine(folder, "libcuda.so.1"), "");

        Assert.True(CudaLibraries.Load([folder], path => Path.IsPathRooted(path)).HasDriver);
    }

    /// <summary>A machine with CUDA has the library elsewhere.</summary>
    private static string[] Found(string name) => CudaLibraries.Load(CudaFolders.Find(null)).Missing.Contains(name) ? [] : [name];

    private string In(string name) => Path.Combine(_root.Path, name);

    private string Folder(params string[] parts) => Directory.CreateDirectory(Path.Combine([_root.Path, .. parts])).FullName;
}
