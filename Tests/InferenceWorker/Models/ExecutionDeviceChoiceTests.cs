using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Models;

public sealed class ExecutionDeviceChoiceTests
{
    [Fact]
    public void Choose_Cpu_IsTheCpu() =>
        Assert.Equal("cpu", ExecutionDeviceChoice.Choose(new ModelOptions { Device = DevicePreference.Cpu }).Name);

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
}
