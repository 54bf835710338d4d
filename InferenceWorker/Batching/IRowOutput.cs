namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Makes the result of a row from what the device gave for it, and puts it where its request wants it. Each device thread has its own.
/// </summary>
internal interface IRowOutput
{
    /// <summary>What a row's result is, for people: <c>a vector</c>.</summary>
    string What { get; }

    /// <summary>Writes a row's result; false when it holds NaN or infinity.</summary>
    /// <param name="numbers">What the device gave for the row.</param>
    /// <param name="row">The row.</param>
    bool TryWrite(ReadOnlySpan<float> numbers, WaitingRow row);
}
