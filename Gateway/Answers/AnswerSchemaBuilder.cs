using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace AiPlatform.Gateway.Answers;

/// <summary>Builds the JSON Schema of a C# type from its members and their DataAnnotations.</summary>
internal static class AnswerSchemaBuilder
{
    /// <exception cref="InvalidOperationException">
    /// JSON Schema cannot express an annotation, so a model could not be held to it.
    /// </exception>
    public static JsonNode Build(JsonTypeInfo type) => type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = Annotate,
    });

    private static JsonNode Annotate(JsonSchemaExporterContext context, JsonNode node)
    {
        if (node is not JsonObject schema) return node;

        // The exporter omits the type where there is an enum, but some providers require it.
        if (schema["enum"] is JsonArray values && schema["type"] is null)
            schema["type"] = values.Any(value => value is null) ? new JsonArray("string", "null") : "string";
        foreach (var attribute in AttributesOf(context)) Annotate(schema, attribute, context);
        if (context.TypeInfo.Kind == JsonTypeInfoKind.Object) Require(schema, context.TypeInfo);
        return schema;
    }

    private static IEnumerable<Attribute> AttributesOf(JsonSchemaExporterContext context)
    {
        ICustomAttributeProvider?[] providers = context.PropertyInfo is { } property
            ? [property.AttributeProvider, property.AssociatedParameter?.AttributeProvider] : [context.TypeInfo.Type];
        return providers.OfType<ICustomAttributeProvider>().SelectMany(
            provider => provider.GetCustomAttributes(inherit: true).OfType<Attribute>());
    }

    private static void Annotate(JsonObject schema, Attribute attribute, JsonSchemaExporterContext context)
    {
        switch (attribute)
        {
            case DescriptionAttribute { Description: var text }:
                schema["description"] = text;
                break;
            case RegularExpressionAttribute { Pattern: var pattern }:
                schema["pattern"] = pattern is ['^', .., '$'] ? pattern : $"^(?:{pattern})$";
                break;
            case RangeAttribute range:
                Bound(schema, range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum", range.Minimum);
                Bound(schema, range.MaximumIsExclusive ? "exclusiveMaximum" : "maximum", range.Maximum);
                break;
            case StringLengthAttribute length:
                Limit(schema, length.MinimumLength, length.MaximumLength);
                break;
            case LengthAttribute length:
                Limit(schema, length.MinimumLength, length.MaximumLength);
                break;
            case MinLengthAttribute { Length: var least }:
                Limit(schema, least, null);
                break;
            case MaxLengthAttribute { Length: var most }:
                Limit(schema, 0, most < 0 ? null : most);
                break;
            case EmailAddressAttribute:
                schema["format"] = "email";
                break;
            case UrlAttribute:
                schema["format"] = "uri";
                break;
            case AllowedValuesAttribute allowed:
                schema["enum"] = new JsonArray([.. allowed.Values.Select(value => JsonValue.Create(value))]);
                break;
            case ValidationAttribute and not RequiredAttribute and not EnumDataTypeAttribute:
                throw new InvalidOperationException(
                    $"{NameOf(context)} has [{attribute.GetType().Name}], "
                    + "which JSON Schema cannot say: use [RegularExpression], [Range], [Length], [AllowedValues], or implement "
                    + "IValidatableObject.");
        }
    }

    /// <summary><c>[Required]</c> requires a member, and a text that is not empty.</summary>
    private static void Require(JsonObject schema, JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.AttributeProvider?.GetCustomAttributes(
                typeof(RequiredAttribute), inherit: true) is not [RequiredAttribute required, ..])
            {
                continue;
            }

            if (schema["required"] is not JsonArray names) schema["required"] = names = [];
            if (!names.Any(name => name!.GetValue<string>() == property.Name)) names.Add(property.Name);
            if (!required.AllowEmptyStrings && schema["properties"]?[property.Name] is JsonObject member && member["minLength"] is null
                && Says(member, "string"))
            {
                member["minLength"] = 1;
            }
        }
    }

    private static void Limit(JsonObject schema, int least, int? most)
    {
        var kind = Says(schema, "array") ? "Items" : Says(schema, "object") ? "Properties" : "Length";
        if (least > 0) schema[$"min{kind}"] = least;
        if (most is { } value) schema[$"max{kind}"] = value;
    }

    private static void Bound(JsonObject schema, string keyword, object bound)
    {
        if (bound is double and (double.PositiveInfinity or double.NegativeInfinity or double.MaxValue or double.MinValue)) return;
        if (!decimal.TryParse(
            Convert.ToString(bound, CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            throw new InvalidOperationException(
                $"[Range] has the bound '{bound}', which is no number: JSON Schema knows bounds of numbers only.");
        }
        schema[keyword] = number;
    }

    private static string NameOf(JsonSchemaExporterContext context) => context.PropertyInfo is { } property
        ? $"{property.DeclaringType.Name}.{(property.AttributeProvider as MemberInfo)?.Name ?? property.Name}" : context.TypeInfo.Type.Name;

    private static bool Says(JsonObject schema, string type) => schema["type"] switch
    {
        JsonArray types => types.Any(one => one!.GetValue<string>() == type),
        { } one => one.GetValue<string>() == type,
        null => false,
    };
}
