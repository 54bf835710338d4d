using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>A model that is loaded and warm, and runs jobs on threads of its own.</summary>
internal interface ILoadedModel
{
    ModelManifest Manifest { get; }

    IModelTokens Tokens { get; }

    /// <summary>Where it runs, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    string Device { get; }

    /// <summary>Jobs that a process leases for it at a time, enough that its device never waits for Redis.</summary>
    int Capacity { get; }

    /// <summary>Jobs of these that it has room for now, beside those that run; asked before each lease.</summary>
    int Room => Capacity;

    /// <summary>See <see cref="LeasedQueue.DelayPerJob"/>.</summary>
    TimeSpan DelayPerJob => TimeSpan.Zero;

    /// <summary>Completes when its device threads have ended: after <see cref="Stop"/>, or with the error that ended one.</summary>
    Task Completion { get; }

    /// <summary>Its description for Gateways.</summary>
    ModelDescriptor Describe();

    /// <summary>
    /// Runs a job of a route that its kind of model is asked on, but those that ask for tokens only. An error of the job itself is a failed
    /// outcome; an exception is a fault of the machine or a bug. The result is the return value, so there is exactly one; earlier output
    /// goes into the sink.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="sink">Collects the output and the progress of the job while it runs.</param>
    /// <param name="cancellationToken">Ends the run, because the result is no longer wanted.</param>
    Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken);

    /// <summary>Ends its device threads after their current runs. Waiting jobs are canceled.</summary>
    void Stop();
}

/// <summary>What a model makes of texts, and what texts its tokens are. Any number of threads may call it at once.</summary>
internal interface IModelTokens
{
    /// <summary>Every id is at least 0 and below it.</summary>
    int VocabularySize { get; }

    /// <summary>The tokens of a text of any length, as the model reads it: special tokens that stand in it are such tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addsSpecialTokens">Whether those are set around it that the tokenizer's file names.</param>
    int[] OfText(string text, bool addsSpecialTokens);

    /// <summary>The tokens of a chat; exactly one of the two is set.</summary>
    /// <param name="messages">Valid ones.</param>
    /// <param name="addsGenerationPrompt">Whether the prompt ends where the assistant's answer begins.</param>
    (int[]? Tokens, InferenceError? Error) OfMessages(JsonElement messages, bool addsGenerationPrompt);

    /// <summary>A token as the vocabulary has it.</summary>
    /// <param name="id">Within the vocabulary.</param>
    string NameOf(int id);

    /// <summary>The text of tokens; null where nobody knows how it is made.</summary>
    /// <param name="ids">Within the vocabulary.</param>
    string? TextOf(ReadOnlySpan<int> ids);
}
