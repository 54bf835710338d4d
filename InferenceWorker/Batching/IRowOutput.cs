namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Makes the result of a row from the device's numbers and writes it into the result of its request. Each device thread has its own
/// instance.
/// </summary>
internal interface IRowOutput
{
    /// <summary>The name of a row's result in messages: <c>a vector</c>.</summary>
    string What { get; }

    /// <summary>Writes a row's result; false when it holds NaN or infinity.</summary>
    /// <param name="numbers">The device's output for the row.</param>
    /// <param name="row">The row.</param>
    bool TryWrite(ReadOnlySpan<float> numbers, WaitingRow row);
}
