using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>Settings that divide a language model's memory and time among its rows; section <c>Generation</c>.</summary>
public sealed class GenerationOptions
{
    public const string SectionName = "Generation";

    /// <summary>Most rows of one model that are computed together. Default 16, 1 to 256.</summary>
    [Range(1, 256)]
    public int MaxRows { get; init; } = 16;

    /// <summary>
    /// Memory for the keys and values of one model's rows, in MiB. It is divided among rows of equal length, and divided again when a row
    /// needs more. Default 1,024, 1 to 1,048,576.
    /// </summary>
    [Range(1, 1_048_576)]
    public int MemoryMiB { get; init; } = 1_024;

    /// <summary>
    /// Tokens beyond its prompt for which a row must have room before it begins. A row that needs more gets it later, if necessary from the
    /// youngest row, which is then computed again and continues where it was. Default 256, 1 to 1,048,576.
    /// </summary>
    [Range(1, 1_048_576)]
    public int ReservedTokens { get; init; } = 256;

    /// <summary>
    /// Tokens of prompts that are computed between two steps of the running rows, fewer the longer the part before them is; and half of
    /// those that are computed at once while no row waits for its next token. Fewer tokens are smoother for the other rows, and let a short
    /// prompt take several runs. Default 32, 16 to 8,192.
    /// </summary>
    [Range(16, 8_192)]
    public int PrefillChunkTokens { get; init; } = 32;

    /// <summary>
    /// Ended rows that are kept while there is memory for them, so that a continued chat, or a prompt with the same beginning, need not be
    /// computed again. Default 8, 0 to 256; 0 keeps none.
    /// </summary>
    [Range(0, 256)]
    public int CachedRows { get; init; } = 8;

    /// <summary>
    /// Memory of one model for compiled grammars and their masks, in MiB. A schema that was used lately need not be compiled again. Those
    /// in use are kept in any case. Default 64, 1 to 65,536.
    /// </summary>
    [Range(1, 65_536)]
    public int GrammarMemoryMiB { get; init; } = 64;

    /// <summary>
    /// Whether JSON that must fit a schema may have whitespace between its parts: a space, or a line break and up to 32 blanks. Answers are
    /// then as a model is used to write them, but longer, and less of them is known in advance. Default false.
    /// </summary>
    public bool FlexibleWhitespace { get; init; }

    /// <summary>
    /// Whether the steps of a model on CUDA are captured as CUDA graphs, one for each number of rows, which spares the device waiting for
    /// the launch of each kernel. It needs a graph that runs on the device entirely, takes memory for each graph, and fails while another
    /// model of the same process uses the device. Default false.
    /// </summary>
    public bool CudaGraphs { get; init; }

    /// <summary>
    /// Whether a model's threads spin while they wait for one another within a run. It is faster if the cores have no other work. Default
    /// true.
    /// </summary>
    public bool Spin { get; init; } = true;
}

/// <summary>Checks <see cref="GenerationOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class GenerationOptionsValidator : IValidateOptions<GenerationOptions>;
