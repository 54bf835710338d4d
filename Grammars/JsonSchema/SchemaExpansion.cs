using System.Text.Json;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>Follows references, merges <c>allOf</c>, and chooses branches: what is left are lists of schemas without these.</summary>
internal sealed class SchemaExpansion(CompileBudget budget)
{
    private const int MaxChain = 200;
    private const int MaxAlternatives = 5_000;

    /// <summary>Keywords that cannot be guaranteed.</summary>
    private static readonly string[] Refused =
        ["dependentRequired", "dependentSchemas", "dependencies", "unevaluatedItems", "unevaluatedProperties", "contains", "$dynamicRef",
            "$recursiveRef", "additionalItems"];

    private readonly HashSet<int> _withoutLoop = [];
    private readonly HashSet<int> _onPath = [];
    private readonly HashSet<int> _checked = [];

    /// <summary>Called for each <c>oneOf</c>: its schema, and the schemas beside it.</summary>
    public Action<SchemaNode, Conjunction>? OnOneOf { get; set; }

    /// <summary>The ways in which a value can fit; empty if there is none.</summary>
    /// <exception cref="GrammarException">A schema has a keyword that cannot be guaranteed, or is invalid.</exception>
    public List<Alternative> Expand(Conjunction all)
    {
        var draft = new Draft();
        foreach (var schema in all.Schemas) CheckLoops(schema);
        List<Alternative> found = [];
        if (Add(draft, all.Schemas, all)) Choose(draft, 0, all, found);
        return found;
    }

    private void Choose(Draft draft, int choice, Conjunction all, List<Alternative> found)
    {
        budget.Spend(20L + draft.Schemas.Count);
        if (draft.Types == JsonTypes.None) return;
        if (choice == draft.Choices.Count)
        {
            if (found.Count == MaxAlternatives)
            {
                var pointer = all.Schemas[0].Pointer;
                throw new GrammarException($"The branches of {pointer} combine to more than {MaxAlternatives}.", null, pointer);
            }

            found.Add(new Alternative([.. draft.Schemas.OrderBy(one => one.Id)], draft.Types));
            return;
        }

        foreach (var branch in draft.Choices[choice])
        {
            var copy = draft.Copy();
            if (Add(copy, [branch], all)) Choose(copy, choice + 1, all, found);
        }
    }

    /// <summary>Adds schemas and all to which they refer; false when no value fits.</summary>
    private bool Add(Draft draft, IReadOnlyList<SchemaNode> schemas, Conjunction all)
    {
        Stack<SchemaNode> left = new(schemas.Reverse());
        while (left.TryPop(out var schema))
        {
            budget.Spend(20);
            if (schema.IsFalse) return false;
            if (schema.Element.ValueKind == JsonValueKind.True || !draft.Known.Add(schema.Id)) continue;
            Check(schema);
            draft.Schemas.Add(schema);
            draft.Types &= JsonTypeNames.Of(schema) & ~Excluded(schema);
            foreach (var one in schema.Children("allOf").Reverse()) left.Push(one);
            if (schema.Referred() is { } referred) left.Push(referred);
            if (schema.Child("if") is { } condition && Conditioned(schema, condition) is { } then) left.Push(then);
            if (schema.Has("anyOf")) draft.Choices.Add(schema.Children("anyOf"));
            if (!schema.Has("oneOf") || schema == all.WithoutOneOf) continue;
            draft.Choices.Add(schema.Children("oneOf"));
            OnOneOf?.Invoke(schema, all);
        }

        return true;
    }

    /// <summary>The types that <c>not</c> excludes.</summary>
    private static JsonTypes Excluded(SchemaNode schema)
    {
        if (schema.Child("not") is not { } not || not.IsFalse) return JsonTypes.None;
        if (not.Element.ValueKind == JsonValueKind.True || !not.Keywords.Any()) return JsonTypes.All;
        var isType = not.Has("type") && not.Keywords.All(keyword => keyword is "type" or "$comment" or "description" or "title");
        if (!isType) throw schema.Invalid("not", "cannot be guaranteed, unless it only names types");
        var types = JsonTypeNames.Of(not);
        return types.HasFlag(JsonTypes.Integer) && !types.HasFlag(JsonTypes.Fraction)
            ? throw schema.Invalid("not", "with type integer cannot be guaranteed for numbers")
            : types;
    }

    /// <summary>The schema that a condition chooses; null when it chooses none.</summary>
    private static SchemaNode? Conditioned(SchemaNode schema, SchemaNode condition)
    {
        if (!schema.Has("then") && !schema.Has("else")) return null;
        if (condition.IsFalse) return schema.Child("else");
        return condition.Element.ValueKind == JsonValueKind.True || !condition.Keywords.Any()
            ? schema.Child("then")
            : throw schema.Invalid("if", "cannot be guaranteed; use anyOf");
    }

    /// <summary>Refuses what cannot be guaranteed.</summary>
    private void Check(SchemaNode schema)
    {
        if (!_checked.Add(schema.Id)) return;
        foreach (var keyword in Refused)
        {
            if (schema.Get(keyword) is { ValueKind: not JsonValueKind.True })
                throw schema.Invalid(keyword, "cannot be guaranteed");
        }

        foreach (var keyword in (string[])["anyOf", "oneOf", "allOf"])
        {
            if (schema.Get(keyword) is { } branches && (branches.ValueKind != JsonValueKind.Array || branches.GetArrayLength() == 0))
                throw schema.Invalid(keyword, "is not an array with schemas");
        }

        if (schema.Get("enum") is { ValueKind: not JsonValueKind.Array }) throw schema.Invalid("enum", "is not an array");
        if (schema.Get("items") is { ValueKind: JsonValueKind.Array })
            throw schema.Invalid("items", "is an array; since draft 2020-12 that is prefixItems");
    }

    /// <summary>Refuses schemas that come back to themselves without taking a part of the value.</summary>
    private void CheckLoops(SchemaNode schema)
    {
        if (schema.IsFalse || _withoutLoop.Contains(schema.Id)) return;
        budget.Spend(20);
        if (!_onPath.Add(schema.Id))
            throw new GrammarException($"The references of {schema.Pointer} lead back to it for the same value.", "$ref", schema.Pointer);
        if (_onPath.Count > MaxChain)
            throw new GrammarException($"More than {MaxChain} schemas refer to each other for the same value.", "$ref", schema.Pointer);

        foreach (var keyword in (string[])["allOf", "anyOf", "oneOf"])
            if (schema.Get(keyword) is { ValueKind: JsonValueKind.Array }) foreach (var one in schema.Children(keyword)) CheckLoops(one);
        foreach (var keyword in (string[])["not", "if", "then", "else"])
            if (schema.Child(keyword) is { } one) CheckLoops(one);
        if (schema.Referred() is { } referred) CheckLoops(referred);
        _onPath.Remove(schema.Id);
        _withoutLoop.Add(schema.Id);
    }

    private sealed class Draft
    {
        public HashSet<int> Known { get; private init; } = [];

        public List<SchemaNode> Schemas { get; private init; } = [];

        public List<IReadOnlyList<SchemaNode>> Choices { get; private init; } = [];

        public JsonTypes Types { get; set; } = JsonTypes.All;

        public Draft Copy() => new() { Known = [.. Known], Schemas = [.. Schemas], Choices = [.. Choices], Types = Types };
    }
}
