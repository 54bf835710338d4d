using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Finds schemas whose check would never end, because they refer to themselves without going deeper into the answer.</summary>
internal static class SchemaLoops
{
    /// <exception cref="SchemaException">There is such a loop.</exception>
    public static void Refuse(IReadOnlyDictionary<JsonNode, SchemaNode> nodes)
    {
        HashSet<SchemaNode> done = [];
        foreach (var (schema, node) in nodes)
        {
            if (Loops(node, done))
                throw new SchemaException($"{SchemaException.PlaceOf(schema)} refers to itself without going into a property or an item.");
        }
    }

    private static bool Loops(SchemaNode start, HashSet<SchemaNode> done)
    {
        if (done.Contains(start)) return false;

        HashSet<SchemaNode> open = [start];
        Stack<(SchemaNode Node, int Next)> way = new([(start, 0)]);
        while (way.TryPop(out var at))
        {
            if (at.Next == at.Node.InPlace.Count)
            {
                open.Remove(at.Node);
                done.Add(at.Node);
                continue;
            }

            way.Push((at.Node, at.Next + 1));
            var part = at.Node.InPlace[at.Next];
            if (done.Contains(part)) continue;
            if (!open.Add(part)) return true;
            way.Push((part, 0));
        }

        return false;
    }
}
