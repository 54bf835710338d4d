using AiPlatform.InferenceWorker.Generation.Sampling;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Generation.Sampling;

public sealed class TokenSamplerTests
{
    private const int Vocabulary = 5_003;

    private readonly TokenSampler _sut = new(Vocabulary);

    [Theory]
    [InlineData(1f, 1f, 0, 0f)]
    [InlineData(0.7f, 1f, 0, 0f)]
    [InlineData(1.5f, 1f, 0, 0f)]
    [InlineData(1f, 0.9f, 0, 0f)]
    [InlineData(1f, 0.5f, 0, 0f)]
    [InlineData(1f, 1f, 40, 0f)]
    [InlineData(1f, 1f, 0, 0.05f)]
    [InlineData(0.8f, 0.95f, 50, 0.02f)]
    [InlineData(1f, 0.8f, 0, 0.02f)]
    [InlineData(30f, 0.999f, 0, 0f)]
    [InlineData(1f, 0.7f, 4_000, 0f)]
    public void Choose_ManyDraws_AreDistributedAsTheSettingsSay(float temperature, float topP, int topK, float minP)
    {
        var logits = Logits(1);
        var expected = Distribution(logits, temperature, topP, topK, minP);
        var settings = new SamplingSettings { Temperature = temperature, TopP = topP, TopK = topK, MinP = minP, Seed = 11 };
        const int Draws = 20_000;

        var counts = new int[Vocabulary];
        for (var position = 0; position < Draws; position++) counts[Choose(logits, settings, position).Token]++;

        Assert.All(Enumerable.Range(0, Vocabulary), token => Assert.True(expected[token] > 0 || counts[token] == 0));
        // Rare tokens are counted together; about 1 in 30,000 seeds would exceed the bound.
        var (chiSquare, degrees, rareExpected, rareCounted) = (0.0, -1, 0.0, 0);
        for (var token = 0; token < Vocabulary; token++)
        {
            var wanted = expected[token] * Draws;
            if (wanted < 5) (rareExpected, rareCounted) = (rareExpected + wanted, rareCounted + counts[token]);
            else (chiSquare, degrees) = (chiSquare + Math.Pow(counts[token] - wanted, 2) / wanted, degrees + 1);
        }

        if (rareExpected >= 5) (chiSquare, degrees) = (chiSquare + Math.Pow(rareCounted - rareExpected, 2) / rareExpected, degrees + 1);
        if (degrees > 0) Assert.InRange(chiSquare, 0, degrees + 4 * Math.Sqrt(2 * degrees) + 10);
    }

    [Fact]
    public void Choose_GreedyOrTopKOfOneOrNoTopP_IsTheLikeliest()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var logits = Logits(seed);
            var likeliest = Array.IndexOf(logits, logits.Max());

            Assert.Equal(likeliest, Choose(logits, SamplingSettings.Greedy).Token);
            Assert.Equal(likeliest, Choose(logits, new SamplingSettings { Temperature = 1e-9f }).Token);
            Assert.Equal(likeliest, Choose(logits, new SamplingSettings { TopK = 1, Temperature = 5 }).Token);
            Assert.Equal(likeliest, Choose(logits, new SamplingSettings { TopP = 0, Temperature = 5 }).Token);
            Assert.Equal(likeliest, Choose(logits, new SamplingSettings { MinP = 1, Temperature = 5 }).Token);
            Assert.Equal(likeliest, Choose(logits, new SamplingSettings { Temperature = SamplingSettings.LeastTemperature }).Token);
        }
    }

    [Theory]
    [InlineData(1f, 1f, 40, 0f)]
    [InlineData(0.8f, 0.95f, 50, 0.02f)]
    [InlineData(1.7f, 0.5f, 64, 0f)]
    [InlineData(5f, 1f, 1, 0f)]
    [InlineData(0f, 1f, 0, 0f)]
    public void ChooseAmong_TheLikeliest_IsTheChoiceFromAll(float temperature, float topP, int topK, float minP)
    {
        var settings = new SamplingSettings { Temperature = temperature, TopP = topP, TopK = topK, MinP = minP, Seed = 11 };
        Assert.True(TokenSampler.IsAmong(64, settings));
        for (var position = 0; position < 500; position++)
        {
            var logits = Logits(position % 7);
            var tokens = Enumerable.Range(0, Vocabulary).OrderByDescending(token => logits[token]).Take(64).ToArray();

            var found = _sut.ChooseAmong(
                [.. tokens.Select(token => (long)token)], [.. tokens.Select(token => logits[token])], settings, position);

            Assert.Equal(Choose(logits, settings, position).Token, found.Token);
        }
    }

    [Theory]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.MinValue)]
    public void ChooseAmong_NothingAllowed_SaysSo(float logit) =>
        Assert.Equal(TokenChoice.NothingAllowed, _sut.ChooseAmong([3, 4], [logit, float.NegativeInfinity], SamplingSettings.Greedy, 0));

    /// <summary>A device may sort equal logits in any order; the choice from all logits takes the first token.</summary>
    [Fact]
    public void ChooseAmong_EqualLogits_IsTheFirstTokenOfThem() =>
        Assert.Equal(4, _sut.ChooseAmong([9, 4, 7, 2], [1.5f, 1.5f, 1.5f, 1], SamplingSettings.Greedy, 0).Token);

    [Theory]
    [InlineData(1f, 0, false, false)]
    [InlineData(1f, 65, false, false)]
    [InlineData(1f, 64, false, true)]
    [InlineData(1f, 64, true, false)]
    [InlineData(0f, 0, false, true)]
    [InlineData(0f, 0, true, false)]
    public void IsAmong_MoreThanTheLikeliestWanted_IsFalse(float temperature, int topK, bool logProbabilities, bool expected) =>
        Assert.Equal(
            expected,
            TokenSampler.IsAmong(
                64, new SamplingSettings { Temperature = temperature, TopK = topK, LogProbabilities = logProbabilities }));

    [Fact]
    public void Choose_EqualLogits_KeepsTheFirstOfThem()
    {
        var logits = new float[Vocabulary];
        HashSet<int> drawn = [];

        for (var position = 0; position < 200; position++) drawn.Add(Choose(logits, new SamplingSettings { TopK = 3 }, position).Token);

        Assert.Equal([0, 1, 2], drawn.Order());
        Assert.Equal(0, Choose(logits, SamplingSettings.Greedy).Token);
    }

    [Fact]
    public void Choose_SameSeedChoiceAndPosition_IsTheSameWhateverCameBetween()
    {
        var (logits, settings) = (Logits(1), new SamplingSettings { Seed = 5, Choice = 2, TopP = 0.95f });
        var first = Enumerable.Range(0, 50).Select(position => Choose(logits, settings, position).Token).ToList();

        for (var i = 0; i < 50; i++) Choose(Logits(i), new SamplingSettings { Seed = 9 }, i);
        var again = Enumerable.Range(0, 50).Reverse().Select(position => Choose(logits, settings, position).Token).Reverse();

        Assert.Equal(first, again);
        Assert.NotEqual(first, Enumerable.Range(0, 50).Select(position => Choose(logits, settings with { Seed = 6 }, position).Token));
        Assert.NotEqual(first, Enumerable.Range(0, 50).Select(position => Choose(logits, settings with { Choice = 3 }, position).Token));
    }

    [Fact]
    public void Next_KnownCounters_GivesTheNumbersOfEarlierVersions()
    {
        // The draws of a seed are a promise and must not change between versions.
        Assert.Equal([0.1761460269590095, 0.26997118974788903, 0.4074330179956558],
            [TokenDraw.Next(0, 0, 0), TokenDraw.Next(1, 2, 3), TokenDraw.Next(ulong.MaxValue, int.MaxValue, int.MaxValue)]);
    }

    [Fact]
    public void Choose_Bias_ForcesAndBans()
    {
        var logits = Logits(3);
        var likeliest = Choose(logits, SamplingSettings.Greedy).Token;

        for (var position = 0; position < 300; position++)
        {
            var banned = Choose(logits, new SamplingSettings { LogitBias = [new TokenBias(likeliest, -100)] }, position).Token;
            var forced = Choose(logits, new SamplingSettings { LogitBias = [new TokenBias(77, 100)] }, position).Token;

            Assert.NotEqual(likeliest, banned);
            Assert.Equal(77, forced);
        }
    }

    [Fact]
    public void Choose_Penalties_AreThoseOfTheNaiveComputation()
    {
        var random = new Random(4);
        for (var round = 0; round < 50; round++)
        {
            var logits = Logits(round);
            var prompt = Enumerable.Range(0, 40).Select(_ => random.Next(Vocabulary)).ToArray();
            var generated = Enumerable.Range(0, 60).Select(_ => random.Next(0, 30) * 11).ToArray();
            var settings = new SamplingSettings
            {
                PresencePenalty = (float)random.NextDouble() * 2,
                FrequencyPenalty = (float)random.NextDouble() - 0.5f,
                RepetitionPenalty = 0.5f + (float)random.NextDouble(),
                LogitBias = [new TokenBias(prompt[0], 0.25f)],
            };
            var expected = logits.Select((logit, token) =>
            {
                var count = generated.Count(one => one == token);
                if (count > 0 || prompt.Contains(token))
                    logit = logit > 0 ? logit / settings.RepetitionPenalty : logit * settings.RepetitionPenalty;
                if (count > 0) logit -= settings.PresencePenalty + settings.FrequencyPenalty * count;
                return token == prompt[0] ? logit + 0.25f : logit;
            }).ToArray();

            var changes = new LogitChanges(settings, null, [0], prompt, 100);
            foreach (var token in generated) changes.Count(token);
            changes.Apply(logits, generated.Length);

            for (var token = 0; token < Vocabulary; token++) Assert.Equal(expected[token], logits[token], 1e-4f);
        }
    }

    [Fact]
    public void Choose_LogProbabilities_AreTheModelsOwn()
    {
        var logits = Logits(6);
        var normalizer = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        var likeliest = logits.Select((logit, token) => (Token: token, Logit: logit))
            .OrderByDescending(one => one.Logit).ThenBy(one => one.Token).Take(20).ToList();
        var settings = new SamplingSettings
        {
            Temperature = 0.5f,
            LogProbabilities = true,
            TopLogProbabilities = 20,
            LogitBias = [new TokenBias(likeliest[0].Token, -100)],
        };

        var choice = Choose(logits, settings);

        Assert.Equal(logits[choice.Token] - normalizer, choice.LogProbability, 1e-4);
        Assert.Equal(likeliest.Select(one => one.Token), _sut.Top.ToArray().Select(one => one.Token));
        for (var i = 0; i < 20; i++) Assert.Equal(likeliest[i].Logit - normalizer, _sut.Top[i].LogProbability, 1e-4);
        Choose(logits, SamplingSettings.Greedy);
        Assert.Equal(0, _sut.Top.Length);
    }

    [Fact]
    public void Choose_ConstraintMask_AllowsOnlyItsTokens()
    {
        var constraint = new Mask();
        foreach (var token in (int[])[3, 64, 200, Vocabulary - 1]) constraint.Words[token / 64] |= 1UL << token;
        var changes = new LogitChanges(new SamplingSettings(), constraint, [0], [], 10);
        HashSet<int> drawn = [];

        for (var position = 0; position < 500; position++)
            drawn.Add(_sut.Choose(Logits(2, scale: 1), new SamplingSettings { Temperature = 3 }, changes, position).Token);
        Array.Clear(constraint.Words);
        var nothing = _sut.Choose(Logits(2), new SamplingSettings(), changes, 0);

        Assert.Equal([3, 64, 200, Vocabulary - 1], drawn.Order());
        Assert.Equal(TokenChoice.NothingAllowed, nothing);
    }

    [Fact]
    public void Choose_BeforeMinNewTokens_DoesNotEnd()
    {
        var settings = SamplingSettings.Greedy with { MinNewTokens = 3 };
        var changes = new LogitChanges(settings, null, [9, 10], [], 10);
        float[] Ending()
        {
            var logits = Logits(2);
            (logits[9], logits[10]) = (100, 101);
            return logits;
        }

        Assert.DoesNotContain(_sut.Choose(Ending(), settings, changes, 2).Token, (int[])[9, 10]);
        Assert.Equal(10, _sut.Choose(Ending(), settings, changes, 3).Token);
    }

    /// <summary>The mask for a choice on a device forbids the tokens that become minus infinity in a choice from all logits.</summary>
    [Theory]
    [InlineData(true, 2)]
    [InlineData(true, 3)]
    [InlineData(false, 2)]
    public void Forbid_ConstraintAndLeastTokens_IsWhatApplyForbids(bool isConstrained, int position)
    {
        var constraint = new Mask();
        foreach (var token in (int[])[3, 9, 64, 200, Vocabulary - 1]) constraint.Words[token / 64] |= 1UL << token;
        var settings = SamplingSettings.Greedy with { MinNewTokens = 3 };
        var sut = new LogitChanges(settings, isConstrained ? constraint : null, [9, 10], [], 10);
        var logits = new float[Vocabulary];
        var mask = new int[(Vocabulary + 7) / 8];
        Array.Fill(mask, 0xFF);

        sut.Apply(logits, position);
        sut.Forbid(mask, position);

        Assert.Equal(
            logits.Select(float.IsFinite),
            Enumerable.Range(0, Vocabulary).Select(token => (mask[token / 8] >> token % 8 & 1) != 0));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Choose_LogitIsNotFinite_IsSaid(float poison)
    {
        foreach (var place in (int[])[0, 1_000, Vocabulary - 1])
        {
            var logits = Logits(1);
            logits[place] = poison;

            Assert.Equal(TokenChoice.NotFinite, Choose(logits, new SamplingSettings()));
        }

        float[] nothing = [.. Enumerable.Repeat(float.NegativeInfinity, Vocabulary)];
        Assert.Equal(TokenChoice.NotFinite, Choose(nothing, new SamplingSettings()));
    }

    [Fact]
    public void Choose_AnySettings_AllocatesNothing()
    {
        var settings = new SamplingSettings
        {
            TopP = 0.9f,
            TopK = 50,
            MinP = 0.001f,
            PresencePenalty = 0.5f,
            RepetitionPenalty = 1.1f,
            LogProbabilities = true,
            TopLogProbabilities = 5,
            LogitBias = [new TokenBias(3, 1)],
        };
        var changes = new LogitChanges(settings, null, [0], [1, 2, 3], 2_000);
        var logits = Logits(1);
        void Round(int from, int to)
        {
            for (var position = from; position < to; position++)
                changes.Count(_sut.Choose(logits, settings, changes, position).Token);
        }

        Round(0, 50);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Round(50, 500);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, 1_000);
    }

    [Theory]
    [InlineData(nameof(SamplingSettings.Temperature), -0.1f)]
    [InlineData(nameof(SamplingSettings.Temperature), float.NaN)]
    [InlineData(nameof(SamplingSettings.TopP), 1.1f)]
    [InlineData(nameof(SamplingSettings.MinP), -1f)]
    [InlineData(nameof(SamplingSettings.RepetitionPenalty), 0f)]
    [InlineData(nameof(SamplingSettings.FrequencyPenalty), float.PositiveInfinity)]
    [InlineData(nameof(SamplingSettings.PresencePenalty), float.NaN)]
    [InlineData(nameof(SamplingSettings.TopLogProbabilities), 21)]
    [InlineData(nameof(SamplingSettings.TopK), -1)]
    public void Check_OutOfRange_IsNamed(string name, object value)
    {
        var settings = new SamplingSettings();
        typeof(SamplingSettings).GetProperty(name)!.SetValue(settings, value);

        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => settings.Check(Vocabulary));

        Assert.Equal(name, refused.ParamName);
    }

    private TokenChoice Choose(float[] logits, SamplingSettings settings, int position = 0) =>
        _sut.Choose([.. logits], settings, new LogitChanges(settings, null, [0], [], 10), position);

    /// <summary>Logits as models give them: a few tokens are likely, most are not.</summary>
    private static float[] Logits(int seed, float scale = 3)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Vocabulary).Select(_ =>
            scale * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    /// <summary>The probabilities by definition: all sorted, one filter after the other.</summary>
    private static double[] Distribution(float[] logits, float temperature, float topP, int topK, float minP)
    {
        var largest = logits.Max();
        var sorted = logits.Select((logit, token) => (Token: token, Weight: Math.Exp((logit - largest) / temperature)))
            .OrderByDescending(one => one.Weight).ThenBy(one => one.Token).Where(one => one.Weight >= minP).ToList();
        if (topK > 0) sorted = [.. sorted.Take(topK)];
        var (total, sum, kept) = (sorted.Sum(one => one.Weight), 0.0, 0);
        while (kept < sorted.Count && (kept == 0 || sum < topP * total)) sum += sorted[kept++].Weight;
        var probabilities = new double[Vocabulary];
        foreach (var (token, weight) in sorted.Take(kept)) probabilities[token] = weight / sum;
        return probabilities;
    }

    private sealed class Mask : ITokenConstraint
    {
        public ulong[] Words { get; } = new ulong[(Vocabulary + 63) / 64];

        ReadOnlySpan<ulong> ITokenConstraint.Mask => Words;

        public void Accept(int token)
        {
        }
    }
}
