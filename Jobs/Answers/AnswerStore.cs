using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Answers;

internal sealed class AnswerStore(ScriptRunner scripts) : IAnswerStore
{
    public async Task<byte[]?> RecallAsync(string tenant, string fingerprint, CancellationToken cancellationToken)
    {
        var reply = await scripts.RunAsync(JobScript.Recall, RedisKeys.AnswersBase(tenant), [fingerprint], cancellationToken);
        return reply.IsNull ? null : (byte[]?)reply;
    }

    public Task RememberAsync(
        string tenant, string fingerprint, ReadOnlyMemory<byte> answer, TimeSpan ttl, CancellationToken cancellationToken) =>
        scripts.RunAsync(
            JobScript.Remember, RedisKeys.AnswersBase(tenant), [fingerprint, answer.ToArray(), ScriptArgument.Milliseconds(ttl)],
            cancellationToken);
}
