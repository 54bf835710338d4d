using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>
/// The budget of steps of a rendering: one for each part of the template that runs, and one for each 16 characters of output.
/// </summary>
internal sealed class RenderBudget
{
    /// <summary>Most steps: a chat of 4,000 short messages takes fewer with the templates of six families.</summary>
    public const long MostSteps = 4_000_000;

    /// <summary>Most macros, callers and recursive loops that run within each other.</summary>
    public const int MostCalls = 100;

    private long _steps;
    private int _calls;

    public void Charge(long steps)
    {
        _steps += steps;
        if (_steps > MostSteps)
            throw new RenderException($"the template takes more than {MostSteps} steps");
    }

    public void Enter()
    {
        if (++_calls > MostCalls)
            throw new RenderException($"the template calls deeper than {MostCalls} levels");
    }

    public void Leave() => _calls--;
}
