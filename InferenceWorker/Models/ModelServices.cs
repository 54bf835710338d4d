using AiPlatform.InferenceWorker.Telemetry;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>What models need of the process to be loaded, besides their manifest.</summary>
/// <param name="Device">Where they run.</param>
/// <param name="Options">The settings of all models.</param>
/// <param name="Metrics">Where runs are counted.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Where what happens to them is said.</param>
internal sealed record ModelServices(ExecutionDevice Device, ModelOptions Options, BatchMetrics Metrics, TimeProvider Time, ILogger Logger);
