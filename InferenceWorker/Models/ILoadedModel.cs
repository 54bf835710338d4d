using System.Globalization;
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
    /// Runs a job of a route for its kind of model, except jobs that ask for tokens only. An error of the job itself is a failed outcome;
    /// an exception is a fault of the machine or a bug. The result is the return value, so there is exactly one; earlier output goes into
    /// the sink.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="sink">Collects the output and the progress of the job while it runs.</param>
    /// <param name="cancellationToken">Ends the run, because the result is no longer wanted.</param>
    Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken);

    /// <summary>Ends its device threads after their current runs. Waiting jobs are canceled.</summary>
    void Stop();
}

/// <summary>Turns texts into a model's tokens, and tokens into text. Any number of threads may call it at once.</summary>
internal interface IModelTokens
{
    /// <summary>Every id is at least 0 and below it.</summary>
    int VocabularySize { get; }

    /// <summary>The tokens of a text of any length. A special token that is written in the text becomes this special token.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addsSpecialTokens">Whether the tokenizer adds its special tokens around the text.</param>
    /// <param name="stopAbove">
    /// The rest of a text that has more tokens than this is not looked at: the result then has more than that, but not all.
    /// </param>
    int[] OfText(string text, bool addsSpecialTokens, int stopAbove);

    /// <summary>The tokens of a chat; exactly one of the two is set.</summary>
    /// <param name="messages">Valid ones.</param>
    /// <param name="addsGenerationPrompt">Whether the prompt ends where the assistant's answer begins.</param>
    /// <param name="stopAbove">As for <see cref="OfText"/>.</param>
    (int[]? Tokens, InferenceError? Error) OfMessages(JsonElement messages, bool addsGenerationPrompt, int stopAbove);

    /// <summary>A token as the vocabulary has it.</summary>
    /// <param name="id">Within the vocabulary.</param>
    string NameOf(int id);

    /// <summary>The text of tokens; null when the tokenizer's decoder is of an unknown kind.</summary>
    /// <param name="ids">Within the vocabulary.</param>
    string? TextOf(ReadOnlySpan<int> ids);

    /// <summary>An error that names the first id outside a vocabulary; null when all ids are in it.</summary>
    /// <param name="field">The request's field that has the ids, such as <c>prompt[2]</c>.</param>
    /// <param name="ids">The ids.</param>
    /// <param name="vocabularySize">As <see cref="VocabularySize"/>.</param>
    /// <param name="model">The model's name.</param>
    static InferenceError? CheckIds(string field, ReadOnlySpan<int> ids, int vocabularySize, string model)
    {
        for (var i = 0; i < ids.Length; i++)
        {
            if (ids[i] >= 0 && ids[i] < vocabularySize) continue;
            return InferenceError.Invalid(
                $"{field}[{i}]",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{field}[{i}] is {ids[i]}; the token ids of '{model}' are 0 to {vocabularySize - 1}. Ids of another model's tokenizer "
                    + $"mean nothing to it."));
        }

        return null;
    }
}
