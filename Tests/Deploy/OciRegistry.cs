using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Tests.Deploy;

/// <summary>A registry of container images on 127.0.0.1, as far as the .NET SDK asks one: it takes and gives blobs and manifests.</summary>
internal sealed class OciRegistry : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, byte[]> _blobs = [];
    private readonly ConcurrentDictionary<string, byte[]> _manifests = [];
    private readonly ConcurrentDictionary<string, MemoryStream> _uploads = [];
    private readonly ConcurrentQueue<string> _pushed = [];

    private OciRegistry()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Limits.MaxRequestBodySize = null);
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.Map("/v2/{**path}", AnswerAsync);
    }

    /// <summary>Its name in the names of images.</summary>
    public string Name => new Uri(_app.Urls.Single()).Authority;

    /// <summary>The digests of all blobs that were pushed, in their order.</summary>
    public IEnumerable<string> Pushed => _pushed;

    public static async Task<OciRegistry> StartAsync(CancellationToken cancellationToken)
    {
        var registry = new OciRegistry();
        await registry._app.StartAsync(cancellationToken);
        return registry;
    }

    /// <summary>Adds an image with one empty layer, as a stand-in for a base image.</summary>
    /// <returns>Its name.</returns>
    public string AddBase(string repository)
    {
        using var layer = new MemoryStream();
        using (var tar = new TarWriter(layer, leaveOpen: true)) tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "app/"));
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true)) zip.Write(layer.ToArray());
        var config = new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject { ["Env"] = new JsonArray("ASPNETCORE_HTTP_PORTS=8080", "APP_UID=1654") },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(DigestOf(layer.ToArray())) },
            ["history"] = new JsonArray(new JsonObject { ["created"] = "2026-01-01T00:00:00Z" }),
        };
        var (configBytes, layerBytes) = (Encoding.UTF8.GetBytes(config.ToJsonString()), zipped.ToArray());
        (_blobs[DigestOf(configBytes)], _blobs[DigestOf(layerBytes)]) = (configBytes, layerBytes);
        JsonObject Named(string type, byte[] blob) => new() { ["mediaType"] = type, ["size"] = blob.Length, ["digest"] = DigestOf(blob) };
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Named("application/vnd.docker.container.image.v1+json", configBytes),
            ["layers"] = new JsonArray(Named("application/vnd.docker.image.rootfs.diff.tar.gzip", layerBytes)),
        };
        _manifests[$"{repository}:latest"] = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        return $"{Name}/{repository}:latest";
    }

    /// <summary>An image by its repository and tag.</summary>
    public OciImage Image(string name)
    {
        var manifest = JsonDocument.Parse(_manifests[name]).RootElement;
        return new OciImage(
            JsonDocument.Parse(_blobs[manifest.GetProperty("config").GetProperty("digest").GetString()!]).RootElement,
            [.. manifest.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("digest").GetString()!)
                .Select(digest => new OciLayer(digest, OciLayer.FilesOf(new MemoryStream(_blobs[digest]))))]);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string DigestOf(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var parts = request.Path.Value!["/v2/".Length..].Split('/');
        if (parts is [.. var repository, "manifests", var reference]) await AnswerManifestAsync(string.Join('/', repository), reference);
        else if (parts is [.., "blobs", "uploads", ""] or [.., "blobs", "uploads"]) Accept(Guid.NewGuid().ToString("n"));
        else if (parts is [.., "blobs", "uploads", var upload]) await TakeAsync(upload);
        else if (parts is [.., "blobs", var digest]) await GiveAsync(_blobs.GetValueOrDefault(digest), "application/octet-stream", digest);

        async Task AnswerManifestAsync(string name, string tag)
        {
            if (request.Method == "PUT")
            {
                var bytes = await ReadAsync();
                (_manifests[$"{name}:{tag}"], _manifests[$"{name}:{DigestOf(bytes)}"]) = (bytes, bytes);
                response.Headers["Docker-Content-Digest"] = DigestOf(bytes);
                response.StatusCode = StatusCodes.Status201Created;
                return;
            }

            var manifest = _manifests.GetValueOrDefault($"{name}:{tag}");
            var type = manifest is null ? ManifestType : JsonDocument.Parse(manifest).RootElement.GetProperty("mediaType").GetString()!;
            await GiveAsync(manifest, type, manifest is null ? "" : DigestOf(manifest));
        }

        void Accept(string upload)
        {
            var content = _uploads.GetOrAdd(upload, _ => new MemoryStream());
            response.Headers.Location = $"/v2/{string.Join('/', parts.TakeWhile(part => part != "blobs"))}/blobs/uploads/{upload}";
            response.Headers.Range = $"0-{Math.Max(content.Length - 1, 0)}";
            response.StatusCode = StatusCodes.Status202Accepted;
        }

        async Task TakeAsync(string upload)
        {
            await request.Body.CopyToAsync(_uploads[upload]);
            if (request.Method != "PUT")
            {
                Accept(upload);
                return;
            }

            var digest = request.Query["digest"].ToString();
            var blob = _uploads[upload].ToArray();
            response.StatusCode = digest == DigestOf(blob) ? StatusCodes.Status201Created : StatusCodes.Status400BadRequest;
            response.Headers["Docker-Content-Digest"] = digest;
            _blobs[digest] = blob;
            _pushed.Enqueue(digest);
        }

        async Task GiveAsync(byte[]? content, string type, string digest)
        {
            response.StatusCode = content is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
            if (content is null) return;
            (response.ContentType, response.ContentLength) = (type, content.Length);
            response.Headers["Docker-Content-Digest"] = digest;
            if (request.Method == "GET") await response.Body.WriteAsync(content);
        }

        async Task<byte[]> ReadAsync()
        {
            using var content = new MemoryStream();
            await request.Body.CopyToAsync(content);
            return content.ToArray();
        }
    }
}

/// <summary>An image.</summary>
/// <param name="About">Its configuration.</param>
/// <param name="Layers">Its layers, the base's first.</param>
internal sealed record OciImage(JsonElement About, IReadOnlyList<OciLayer> Layers)
{
    /// <summary>The image in an archive of <c>docker load</c>.</summary>
    public static OciImage FromArchive(string path)
    {
        using var file = File.OpenRead(path);
        var files = new Dictionary<string, byte[]>();
        using var tar = new TarReader(file);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is null) continue;
            using var content = new MemoryStream();
            entry.DataStream.CopyTo(content);
            files[entry.Name] = content.ToArray();
        }

        var manifest = JsonDocument.Parse(files["manifest.json"]).RootElement[0];
        return new OciImage(
            JsonDocument.Parse(files[manifest.GetProperty("Config").GetString()!]).RootElement,
            [.. manifest.GetProperty(nameof(Layers)).EnumerateArray().Select(layer => layer.GetString()!)
                .Select(name => new OciLayer(name, OciLayer.FilesOf(new MemoryStream(files[name]))))]);
    }

    /// <summary>A label; null without it.</summary>
    public string? Label(string name) =>
        About.GetProperty("config").GetProperty("Labels").TryGetProperty($"org.opencontainers.image.{name}", out var value)
            ? value.GetString() : null;
}

/// <summary>A layer.</summary>
/// <param name="Digest">Its digest, or its name in an archive.</param>
/// <param name="Files">Its files by their paths, without a slash at the beginning.</param>
internal sealed record OciLayer(string Digest, IReadOnlyDictionary<string, byte[]> Files)
{
    public static IReadOnlyDictionary<string, byte[]> FilesOf(MemoryStream layer)
    {
        var isZipped = layer.ToArray() is [0x1f, 0x8b, ..];
        using var unzipped = isZipped ? new GZipStream(layer, CompressionMode.Decompress) : (Stream)layer;
        var files = new Dictionary<string, byte[]>();
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is TarEntryType.Directory || entry.DataStream is null) continue;
            using var content = new MemoryStream();
            entry.DataStream.CopyTo(content);
            files[entry.Name.TrimStart('.').TrimStart('/')] = content.ToArray();
        }

        return files;
    }
}
