using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>The errors that the store itself writes into jobs.</summary>
internal static class JobErrors
{
    public static InferenceError Canceled { get; } = new()
    {
        Kind = InferenceErrorKind.Canceled,
        Message = "The job was canceled before it had a result.",
    };

    public static InferenceError Expired { get; } = new()
    {
        Kind = InferenceErrorKind.DeadlineExceeded,
        Message = "The job's deadline passed before it had a result. Submit it with a longer one, or when the queue is shorter.",
    };

    public static InferenceError Damaged { get; } = new()
    {
        Kind = InferenceErrorKind.QueueUnavailable,
        Message = DamagedRecord.Explanation,
    };

    public static InferenceError LeaseLost(int times) => new()
    {
        Kind = InferenceErrorKind.LeaseLost,
        Message = $"The worker that ran the job was lost {times} times. Look at the workers' logs before running it again.",
    };
}
