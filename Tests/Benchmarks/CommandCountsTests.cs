using AiPlatform.Benchmarks.Processes;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class CommandCountsTests
{
    [Fact]
    public void Parse_WhatRedisSays_LeavesOurOwnQuestionsOut()
    {
        const string Info = "# Commandstats\r\ncmdstat_hset:calls=30,usec=9,usec_per_call=0.30\r\ncmdstat_evalsha:calls=20,usec=99,usec_per_call=4.95\r\n"
            + "cmdstat_info:calls=5,usec=1,usec_per_call=0.20\r\ncmdstat_config|resetstat:calls=1,usec=1,usec_per_call=1.00\r\n";

        var counts = CommandCounts.Parse(Info);

        Assert.Equal((50, 20, "hset 3.00, evalsha 2.00"), (counts.Commands, counts.Scripts, counts.PerJob(10)));
        Assert.Equal(99, counts.ScriptMicroseconds);
    }
}
