using AiPlatform.Benchmarks;

if (args is not ["embeddings"])
{
    Console.WriteLine("""
        usage: ./ai bench NAME

          embeddings   rows a second through HTTP, Redis and the worker, next to a bare ONNX Runtime loop on the same texts

        Each writes its row into Benchmarks/RESULTS.md.
        """);
    return args is [] or ["help" or "--help" or "-h"] ? 0 : 2;
}

await EmbeddingsBenchmark.RunAsync();
return 0;
