using Microsoft.Extensions.AI;

namespace AiPlatform.Client.Chat;

/// <summary>Options of chats that run as jobs.</summary>
public static class DurableChatOptions
{
    internal const string JobKey = "aiplatform.job_key";
    internal const string Lane = "aiplatform.lane";

    /// <summary>
    /// Names the chat. Chats of the same key and the same content are one job, for a day: a program that was restarted asks again with the
    /// key, and gets the answer of the job that it had submitted before.
    /// </summary>
    /// <param name="options">The options that are changed.</param>
    /// <param name="key">1 to 255 printable ASCII characters, such as the id of the message that is answered.</param>
    public static ChatOptions WithJobKey(this ChatOptions options, string key) => options.With(JobKey, key);

    /// <summary>
    /// Where the job waits: <c>interactive</c>, <c>default</c> (when nothing is said), or <c>batch</c> for work that can wait.
    /// </summary>
    public static ChatOptions WithLane(this ChatOptions options, string lane) => options.With(Lane, lane);

    private static ChatOptions With(this ChatOptions options, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(value);
        (options.AdditionalProperties ??= [])[name] = value;
        return options;
    }
}
