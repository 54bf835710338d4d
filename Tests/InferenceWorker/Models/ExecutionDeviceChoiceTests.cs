using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Models;

public sealed class ExecutionDeviceChoiceTests
{
    private static readonly CudaLibraries Complete = new(HasDriver: true, [], []);

    [Fact]
    public void Choose_Cpu_IsTheCpuAndLooksForNothing() =>
        Assert.Equal(
            new ExecutionDevice(null, "Models:Device is cpu"),
            ExecutionDeviceChoice.Choose(
                new ModelOptions { Device = DevicePreference.Cpu }, ["CUDAExecutionProvider"],
                () => throw new InvalidOperationException("Libraries were loaded."), _ => { }));

    [Theory]
    [InlineData(DevicePreference.Auto)]
    [InlineData(DevicePreference.Cuda)]
    public void Choose_EverythingThere_IsTheDeviceOfTheSettings(DevicePreference preference)
    {
        ExecutionDevice? tried = null;

        var device = Choose(preference, Complete, one => tried = one);

        Assert.Equal(("cuda:3", "a session was made on the CUDA device"), (device.Name, device.Reason));
        Assert.Equal(3, tried?.CudaDeviceId);
    }

    [Fact]
    public void Choose_LibraryOfSomeModelsMissing_SaysWhich() =>
        Assert.Equal(
            "a session was made on the CUDA device; models that need libcufft.so.12 or libcudnn.so.9 cannot run, since these are missing",
            Choose(DevicePreference.Auto, Complete with { MissingForSome = ["libcufft.so.12", "libcudnn.so.9"] }, _ => { }).Reason);

    [Fact]
    public void Choose_ProviderRefuses_SaysWhatItSaid()
    {
        var device = Choose(DevicePreference.Auto, Complete, _ => { using var none = new InferenceSession([1, 2, 3]); });

        Assert.Equal("cpu", device.Name);
        Assert.Matches("^no session can be made on CUDA device 3: .*Protobuf", device.Reason);
    }

    [Fact]
    public void Choose_LibrariesMissing_OpensNoSession()
    {
        var device = Choose(
            DevicePreference.Auto, Complete with { Missing = ["libcurand.so.10"] },
            _ => throw new InvalidOperationException("A session was opened."));

        Assert.StartsWith("these libraries of CUDA 13 cannot be loaded: libcurand.so.10 (", device.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_BuildWithoutCuda_SaysWhatItHas() =>
        Assert.Equal(
            "this build of ONNX Runtime has no CUDA provider (it has CPUExecutionProvider)",
            ExecutionDeviceChoice.Choose(new ModelOptions(), ["CPUExecutionProvider"], () => Complete, _ => { }).Reason);

    [Fact]
    public void Choose_CudaThatIsRefused_EndsTheStart()
    {
        var problem = Assert.Throws<ModelProblemException>(
            () => Choose(DevicePreference.Cuda, Complete with { HasDriver = false }, _ => { }));

        Assert.Equal(
            "Models:Device is cuda, but there is no NVIDIA driver (libcuda.so.1 cannot be loaded). Set it to auto or cpu to run on the CPU.",
            problem.Message);
    }

    [Fact]
    public void Choose_Auto_SaysWhichAndWhy()
    {
        var device = ExecutionDeviceChoice.Choose(new ModelOptions());

        Assert.Matches("^(cpu|cuda:0)$", device.Name);
        Assert.NotEmpty(device.Reason);
    }

    [Fact]
    public void Choose_CudaWhereItCannotBe_SaysWhy()
    {
        var auto = ExecutionDeviceChoice.Choose(new ModelOptions());
        Assert.SkipWhen(auto.IsCuda, "This machine has CUDA.");

        var problem = Assert.Throws<ModelProblemException>(
            () => ExecutionDeviceChoice.Choose(new ModelOptions { Device = DevicePreference.Cuda }));

        Assert.Contains(auto.Reason, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_NoDriver_NamesItsLibrary()
    {
        Assert.SkipWhen(CudaLibraries.Load([]).HasDriver, "This machine has a driver.");

        var device = ExecutionDeviceChoice.Choose(new ModelOptions());

        Assert.StartsWith("there is no NVIDIA driver (libcuda.so.1 cannot be loaded)", device.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void TryOn_Cpu_OpensTheProbeModel() =>
        ExecutionDeviceChoice.TryOn(new ExecutionDevice(null, "tests"), new ModelOptions());

    private static ExecutionDevice Choose(DevicePreference preference, CudaLibraries libraries, Action<ExecutionDevice> tryOn) =>
        ExecutionDeviceChoice.Choose(
            new ModelOptions { Device = preference, DeviceId = 3 }, ["CUDAExecutionProvider", "CPUExecutionProvider"], () => libraries,
            tryOn);
}
