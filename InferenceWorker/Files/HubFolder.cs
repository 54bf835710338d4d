using System.Text;
using System.Text.RegularExpressions;

namespace AiPlatform.InferenceWorker.Files;

/// <summary>
/// The files that Hugging Face libraries write beside a model. Each is read at most once, and may be missing. Their fields are named in
/// messages by folder and file.
/// </summary>
/// <param name="path">Full path of the folder.</param>
internal sealed partial class HubFolder(string path)
{
    public const string ConfigFile = "config.json";
    public const string TokenizerFile = "tokenizer.json";
    public const string DecoderConfigFile = "genai_config.json";
    public const string PoolingFile = "1_Pooling/config.json";
    public const string ModulesFile = "modules.json";

    /// <summary>The tokenizer's settings contain the chat template and all special tokens, so it is the largest of these files.</summary>
    private const long MostBytes = 16 * 1024 * 1024;

    private const int MostBytesOfCard = 64 * 1024;

    private static readonly Dictionary<string, string> SpdxNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["apache-2.0"] = "Apache-2.0",
        ["mit"] = "MIT",
        ["bsd-3-clause"] = "BSD-3-Clause",
        ["cc-by-4.0"] = "CC-BY-4.0",
        ["cc-by-nc-4.0"] = "CC-BY-NC-4.0",
        ["cc-by-sa-4.0"] = "CC-BY-SA-4.0",
        ["gpl-3.0"] = "GPL-3.0-only",
    };

    private readonly Dictionary<string, ManifestField?> _read = [];

    public string Path => path;

    /// <summary>The folder's own name.</summary>
    public string Name { get; } = System.IO.Path.GetFileName(path);

    /// <summary>The model's settings.</summary>
    public ManifestField? Config => Read(ConfigFile);

    /// <summary>The tokenizer's settings.</summary>
    public ManifestField? TokenizerConfig => Read("tokenizer_config.json");

    /// <summary>How sentence-transformers cuts texts.</summary>
    public ManifestField? SentenceConfig => Read("sentence_bert_config.json");

    /// <summary>How sentence-transformers pools.</summary>
    public ManifestField? PoolingConfig => Read(PoolingFile);

    /// <summary>The parts of a model of sentence-transformers, an array.</summary>
    public ManifestField? Modules => Read(ModulesFile);

    public bool Has(string file) => File.Exists(System.IO.Path.Combine(path, file));

    /// <summary>The licence that the model's card names, as SPDX names it if it is a common one; null when it names none.</summary>
    public string? Licence()
    {
        if (Card() is not { } card || CardLicence.Match(card) is not { Success: true } match) return null;
        var named = match.Groups["licence"].Value;
        return SpdxNames.GetValueOrDefault(named, $"LicenseRef-{named}");
    }

    private ManifestField? Read(string file)
    {
        if (_read.TryGetValue(file, out var known)) return known;

        ManifestField? found = null;
        if (Has(file))
        {
            var name = $"{Name}/{file}";
            using var document = JsonFile.Read(System.IO.Path.Combine(path, file), name, MostBytes);
            found = new ManifestField(name, "", document.RootElement.Clone());
        }

        return _read[file] = found;
    }

    /// <summary>The head of the model's card, which begins with its metadata between two lines of dashes.</summary>
    private string? Card()
    {
        var card = System.IO.Path.Combine(path, "README.md");
        try
        {
            if (!File.Exists(card) || ModelFilePath.LengthOf(card) == 0) return null;
            using var stream = File.OpenRead(card);
            var head = new byte[MostBytesOfCard];
            var text = Encoding.UTF8.GetString(head, 0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
            var end = text.IndexOf("\n---", StringComparison.Ordinal);
            return text.StartsWith("---", StringComparison.Ordinal) && end > 0 ? text[..end] : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [GeneratedRegex("^license: *[\"']?(?<licence>[A-Za-z0-9.+-]{1,64})[\"']? *\r?$", RegexOptions.Multiline)]
    private static partial Regex CardLicence { get; }
}
