using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>The errors that the store itself writes into jobs, as JSON. Those that every lease names are made once.</summary>
internal static class JobErrors
{
    public static string Canceled { get; } = new InferenceError
    {
        Kind = InferenceErrorKind.Canceled,
        Message = "The job was canceled before it had a result.",
    }.ToJson();

    public static string Expired { get; } = new InferenceError
    {
        Kind = InferenceErrorKind.DeadlineExceeded,
        Message = "The job's deadline passed before it had a result. Submit it with a longer one, or when the queue is shorter.",
    }.ToJson();

    public static string Damaged { get; } = new InferenceError
    {
        Kind = InferenceErrorKind.QueueUnavailable,
        Message = DamagedRecord.Explanation,
    }.ToJson();

    public static string LeaseLost(int times) => new InferenceError
    {
        Kind = InferenceErrorKind.LeaseLost,
        Message = $"The worker that ran the job was lost {times} times. Look at the workers' logs before running it again.",
    }.ToJson();
}
