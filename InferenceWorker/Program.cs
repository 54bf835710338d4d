using AiPlatform.InferenceWorker;
using AiPlatform.InferenceWorker.Commands;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Options;

if (args is ["--help" or "-h" or "help", ..])
{
    Console.WriteLine(Usage);
    return 0;
}

if (args is ["model", ..])
{
    var options = WorkerHost.Build([]).Services.GetRequiredService<IOptions<ModelOptions>>();
    return new ModelCommand(options, Console.Out, Console.Error).Run(args[1..]);
}

if (args is ["device", ..])
    return new Doctor(WorkerHost.Build(args[1..]).Services.GetRequiredService<IOptions<ModelOptions>>(), Console.Out).RunDevice();

if (args is ["doctor", ..])
    return new Doctor(WorkerHost.Build(args[1..]).Services.GetRequiredService<IOptions<ModelOptions>>(), Console.Out).Run();

return await ServiceProcess.RunAsync(args, WorkerHost.Build);

/// <summary>Loads models, leases jobs from Redis, batches and runs them.</summary>
internal sealed partial class Program
{
    private const string Usage = """
        AiPlatform inference worker: loads models, leases jobs from Redis, batches and runs them.

          AiPlatform.InferenceWorker             serve until stopped
          AiPlatform.InferenceWorker doctor      check settings, device and every model; exit 1 when something is wrong
          AiPlatform.InferenceWorker device      check only the device, and say why it is this one
          AiPlatform.InferenceWorker model …     add, list, check and remove models; model --help says how
          AiPlatform.InferenceWorker --version   say which version this is

        Settings, as environment variables or --KEY value:
          ConnectionStrings__redis               Redis, such as 127.0.0.1:6379 (needed to serve)
          ASPNETCORE_URLS                        where /health and /alive answer, such as http://127.0.0.1:8081
          Models__Path                           folder of the model folders (models)
          Models__Load__0, Models__Load__1, …    names of the models to load (all)
          Models__Device                         auto, cpu or cuda (auto)
          Models__DeviceId                       CUDA device (0)
          Models__DeviceMemoryLimitBytes         most memory of each model on the CUDA device (no limit)
          Models__CudaPath                       folder with CUDA's libraries (the library path)
          Models__Threads                        threads of one model on the CPU (0: all cores)
          Models__ParallelRuns                   batches that run at a time on the CPU (0: measured at start)
          Models__LeasedBatches                  jobs leased at a time, in batches (2)
          Generation__MaxRows                    texts that one language model generates at a time (16)
          Generation__MemoryMiB                  memory for their keys and values, for each model (1024)
        """;
}
