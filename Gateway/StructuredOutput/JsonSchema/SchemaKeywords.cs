using System.Collections.Frozen;
using AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>The keywords of draft 2020-12, and how each is compiled.</summary>
internal static class SchemaKeywords
{
    /// <summary>Keywords that hold one schema.</summary>
    public static readonly FrozenSet<string> WithSchema =
        FrozenSet.Create("additionalProperties", "items", "contains", "propertyNames", "not", "if", "then", "else");

    /// <summary>Keywords that hold an array of schemas.</summary>
    public static readonly FrozenSet<string> WithSchemas = FrozenSet.Create("allOf", "anyOf", "oneOf", "prefixItems");

    /// <summary>Keywords that hold schemas by name.</summary>
    public static readonly FrozenSet<string> WithNamedSchemas =
        FrozenSet.Create("properties", "patternProperties", "dependentSchemas", "$defs", "definitions");

    private static readonly FrozenDictionary<string, Func<Keyword, SchemaCheck?>> Compilers =
        new Dictionary<string, Func<Keyword, SchemaCheck?>>
        {
            ["type"] = ValueKeywords.Type,
            ["enum"] = ValueKeywords.Enum,
            ["const"] = ValueKeywords.Const,
            ["minimum"] = NumberKeywords.Minimum,
            ["maximum"] = NumberKeywords.Maximum,
            ["exclusiveMinimum"] = NumberKeywords.ExclusiveMinimum,
            ["exclusiveMaximum"] = NumberKeywords.ExclusiveMaximum,
            ["multipleOf"] = NumberKeywords.MultipleOf,
            ["minLength"] = TextKeywords.MinLength,
            ["maxLength"] = TextKeywords.MaxLength,
            ["pattern"] = TextKeywords.Pattern,
            ["format"] = TextKeywords.Format,
            ["minItems"] = SizeKeywords.MinItems,
            ["maxItems"] = SizeKeywords.MaxItems,
            ["uniqueItems"] = ArrayKeywords.UniqueItems,
            ["prefixItems"] = ArrayKeywords.Items,
            ["items"] = ArrayKeywords.Items,
            ["contains"] = ArrayKeywords.Contains,
            ["properties"] = ObjectKeywords.Members,
            ["patternProperties"] = ObjectKeywords.Members,
            ["additionalProperties"] = ObjectKeywords.Members,
            ["required"] = ObjectKeywords.Required,
            ["dependentRequired"] = ObjectKeywords.DependentRequired,
            ["dependentSchemas"] = ObjectKeywords.DependentSchemas,
            ["propertyNames"] = ObjectKeywords.PropertyNames,
            ["minProperties"] = SizeKeywords.MinProperties,
            ["maxProperties"] = SizeKeywords.MaxProperties,
            ["$ref"] = LogicKeywords.Ref,
            ["allOf"] = LogicKeywords.AllOf,
            ["anyOf"] = LogicKeywords.AnyOf,
            ["oneOf"] = LogicKeywords.OneOf,
            ["not"] = LogicKeywords.Not,
            ["if"] = LogicKeywords.If,
            // Keywords that cannot be checked are refused, because an answer that was checked only in part must not look like one that
            // fits.
            ["unevaluatedProperties"] = Refused("list the fields, and use additionalProperties"),
            ["unevaluatedItems"] = Refused("use prefixItems and items"),
            ["$dynamicRef"] = Refused("use $ref"),
            ["$recursiveRef"] = Refused("use $ref"),
            ["dependencies"] = Refused("use dependentRequired or dependentSchemas"),
            ["additionalItems"] = Refused("use prefixItems and items"),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The check of a keyword; null when it restricts no value. Unknown keywords restrict nothing.</summary>
    public static SchemaCheck? Compile(Keyword keyword) => Compilers.TryGetValue(keyword.Name, out var compile) ? compile(keyword) : null;

    private static Func<Keyword, SchemaCheck?> Refused(string instead) => keyword => throw keyword.Wrong($"is not checked here: {instead}");
}
