using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using StackExchange.Redis;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Converts keys of Redis to lines of JSON and back, to test that later versions can read them.</summary>
internal static class StoredKeys
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// One key: <c>{"key":…,"type":…,"value":[…]}</c>. The value has the arguments after the key of the command that writes it.
    /// </summary>
    public static async Task<string> WriteAsync(IDatabase redis, string key)
    {
        var type = (string)(await redis.ExecuteAsync("TYPE", key))!;
        var value = type switch
        {
            "string" => new JsonArray(Bytes((byte[])(await redis.ExecuteAsync("GET", key))!)),
            "hash" => await ArrayAsync(redis, "HGETALL", key),
            "set" => await ArrayAsync(redis, "SMEMBERS", key),
            "zset" => Swapped(await ArrayAsync(redis, "ZRANGE", key, 0, -1, "WITHSCORES")),
            "stream" => Entries(await redis.ExecuteAsync("XRANGE", key, "-", "+")),
            _ => throw new NotSupportedException($"{key} is a {type}."),
        };
        return new JsonObject { ["key"] = key, ["type"] = type, ["value"] = value }.ToJsonString(Readable);
    }

    /// <summary>Restores a key.</summary>
    public static async Task RestoreAsync(IDatabase redis, string line)
    {
        var entry = JsonNode.Parse(line)!;
        RedisKey key = (string)entry["key"]!;
        var value = entry["value"]!.AsArray().Select(Value).ToArray();
        switch ((string)entry["type"]!)
        {
            case "string": await redis.ExecuteAsync("SET", key, value[0]); break;
            case "hash": await redis.ExecuteAsync("HSET", [key, .. value]); break;
            case "set": await redis.ExecuteAsync("SADD", [key, .. value]); break;
            case "zset": await redis.ExecuteAsync("ZADD", [key, .. value]); break;
            case "stream":
                foreach (var fields in value.Chunk(3)) await redis.ExecuteAsync("XADD", [key, fields[0], .. fields[1..]]);
                break;
        }
    }

    private static async Task<JsonArray> ArrayAsync(IDatabase redis, string command, params object[] arguments) =>
        [.. ((RedisResult[])(await redis.ExecuteAsync(command, arguments))!).Select(one => Bytes((byte[])one!))];

    /// <summary>Turns pairs of member and score into pairs of score and member.</summary>
    private static JsonArray Swapped(JsonArray pairs) =>
        [.. pairs.Select(one => one!.DeepClone()).Chunk(2).SelectMany(pair => (JsonNode[])[pair[1], pair[0]])];

    /// <summary>The id of each entry, with its field and value.</summary>
    private static JsonArray Entries(RedisResult entries) =>
    [
        .. ((RedisResult[])entries!).Select(entry => (RedisResult[])entry!).SelectMany(
            entry => ((RedisResult[])entry[1]!).Prepend(entry[0])).Select(one => Bytes((byte[])one!)),
    ];

    /// <summary>Text, or <c>{"base64":…}</c> for bytes that are not text.</summary>
    private static JsonNode Bytes(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return Encoding.UTF8.GetBytes(text).AsSpan().SequenceEqual(bytes) && !text.Any(c => c != '\n' && c != '\t' && char.IsControl(c))
            ? JsonValue.Create(text)
            : new JsonObject { ["base64"] = Convert.ToBase64String(bytes) };
    }

    private static object Value(JsonNode? node) =>
        node is JsonObject bytes ? Convert.FromBase64String((string)bytes["base64"]!)
            : ((string)node!).ToString(CultureInfo.InvariantCulture);
}
