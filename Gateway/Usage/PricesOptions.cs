using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Usage;

/// <summary>Prices of models, which turn their usage into costs; section <c>Prices</c>.</summary>
public sealed class PricesOptions
{
    public const string SectionName = "Prices";

    /// <summary>The longest name of a currency.</summary>
    internal const int LongestCurrency = 16;

    /// <summary>The currency of all prices, as it is shown. Default <c>USD</c>.</summary>
    [StringLength(LongestCurrency, MinimumLength = 1)]
    public string Currency { get; init; } = "USD";

    /// <summary>The price of each model that has one, by its name.</summary>
    public IDictionary<string, ModelPrice> Models { get; } = new Dictionary<string, ModelPrice>(StringComparer.OrdinalIgnoreCase);

    /// <summary>What tokens of a model cost; null when it has no price.</summary>
    internal decimal? CostOf(string model, long inputTokens, long outputTokens) => Models.TryGetValue(model, out var price)
        ? decimal.Round(((inputTokens * price.InputPerMillion) + (outputTokens * price.OutputPerMillion)) / 1_000_000m, 6)
        : null;
}

/// <summary>The prices of a model.</summary>
public sealed class ModelPrice
{
    /// <summary>The price of a million tokens that it reads.</summary>
    public decimal InputPerMillion { get; init; }

    /// <summary>The price of a million tokens that it writes.</summary>
    public decimal OutputPerMillion { get; init; }
}

/// <summary>Checks <see cref="PricesOptions"/> at start.</summary>
internal sealed class PricesOptionsValidator : IValidateOptions<PricesOptions>
{
    /// <summary>The highest price of a million tokens.</summary>
    private const decimal MostPrice = 1_000_000_000;

    public ValidateOptionsResult Validate(string? name, PricesOptions options)
    {
        List<string> errors = [];
        if (options.Currency.Length is 0 or > PricesOptions.LongestCurrency)
        {
            errors.Add(
                $"{PricesOptions.SectionName}:{nameof(options.Currency)} must have 1 to {PricesOptions.LongestCurrency} characters.");
        }

        foreach (var (model, price) in options.Models)
        {
            Check(model, nameof(price.InputPerMillion), price.InputPerMillion);
            Check(model, nameof(price.OutputPerMillion), price.OutputPerMillion);
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(string model, string setting, decimal price)
        {
            if (price is >= 0 and <= MostPrice) return;
            errors.Add($"{PricesOptions.SectionName}:{nameof(options.Models)}:{model}:{setting} must be from 0 to {MostPrice:0}.");
        }
    }
}
