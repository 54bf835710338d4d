namespace AiPlatform.Benchmarks.Chat;

/// <summary>What one run gave. Rates are tokens a second of all streams together, times are milliseconds.</summary>
internal sealed record ChatMeasurement
{
    public required double OneStream { get; init; }

    public required double EightStreams { get; init; }

    public required double SixteenStreams { get; init; }

    public required double BareOne { get; init; }

    public required double BareEight { get; init; }

    public required double PeerOne { get; init; }

    public required double PeerEight { get; init; }

    /// <summary>To the first token of a short chat.</summary>
    public required double First { get; init; }

    /// <summary>The prompt of such a chat in one bare run.</summary>
    public required double BareFirst { get; init; }

    public required double PeerFirst { get; init; }

    /// <summary>The longest time without a token of a stream while another's long prompt is computed.</summary>
    public required double WorstGap { get; init; }

    /// <summary>How long that other one waited for its first token.</summary>
    public required double LongFirst { get; init; }

    /// <summary>To the first token of the second turn of a longer chat.</summary>
    public required double SecondTurn { get; init; }

    /// <summary>The prompt of its first turn in one bare run.</summary>
    public required double BareFirstTurn { get; init; }

    /// <summary>CPU time of the Gateway for a token, while eight are streamed.</summary>
    public required double GatewayMicroseconds { get; init; }

    public required double RedisMicroseconds { get; init; }

    /// <summary>CPU time of the worker for a token, the model's included.</summary>
    public required double WorkerMicroseconds { get; init; }

    /// <summary>Scripts that Redis ran for a token.</summary>
    public required double Scripts { get; init; }

    public required double OtherCores { get; init; }
}
