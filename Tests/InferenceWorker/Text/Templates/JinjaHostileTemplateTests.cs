using System.Text;
using System.Text.Json;
using AiPlatform.InferenceWorker.Text.Jinja.Parsing;
using AiPlatform.InferenceWorker.Text.Jinja.Rendering;
using AiPlatform.InferenceWorker.Text.Jinja.Values;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Templates;

/// <summary>
/// Templates that are designed to be slow, large or deep, and templates of random text. None may cause more than an error.
/// </summary>
public sealed class JinjaHostileTemplateTests
{
    private const int Bound = 120_000; // milliseconds, tens of times what one takes
    private const long MostAllocated = 4L << 30;

    private static readonly JsonElement Variables = TemplateReference.Read("variables.json");

    private static readonly Arbitrary<string> AnyText =
        Gen.Choose(0, 127).ListOf().Select(units => string.Concat(units.Select(unit => (char)unit))).ToArbitrary();

    private static readonly Gen<string> Piece = Gen.Elements(
        "{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", "{{-", "-}}", "\n", " ", "text", "'", "\"", "(", ")", "[",
        "]", "{", "}", ":", ",", ".", "|", "~", "+", "-", "*", "**", "//", "%", "==", "<", "=", " in ", " not ",
        " is ", " and ", " or ", " if ", " else ", "1", "2.5", "'s'", "0", "99999999999", "-1", "word", "numbers",
        "users", "map", "text", "missing", "loop", "namespace", "range", "dict", "none", "true", " for ", " endfor ",
        " endif ", " set ", " endset ", " macro ", " endmacro ", " call ", " endcall ", " filter ", " endfilter ",
        " raw ", " endraw ", " elif ", " break ", " continue ", " with ", " endwith ", " generation ",
        " endgeneration ", " recursive ", "x", "y", "ns", "upper", "tojson", "join", "map", "sort", "groupby",
        "selectattr", "batch", "indent", "int", "round", "replace", "items", "split");

    private static readonly Gen<string> Expression = Gen.Elements(
        "word", "numbers", "users", "map", "text", "missing", "1", "-2", "2.5", "'s'", "[1, 'a']", "{'k': 2}",
        "none", "true", "big", "html", "(1,)", "range(9)", "namespace(x=1)", "dict(a=1)", "x", "m", "loop");

    private static readonly Gen<string> Operation = Gen.Elements(
        " + ", " - ", " * ", " / ", " // ", " % ", " ** ", " ~ ", " == ", " < ", " >= ", " in ", " not in ", " and ", " or ");

    private static readonly Gen<string> Suffix = Gen.OneOf(
        Gen.Elements(
            "[0]", "[-1]", "[1:]", "[::-1]", "[:2]", "['name']", ".name", ".x", ".items()", ".keys()", ".upper()",
            ".split()", ".split('a')", ".replace('a', 'bb')", ".strip()", ".title()", ".format(1)", ".join('ab')",
            ".index(1)", ".get('k', 3)", ".center(9)", "()", "(1)", " is defined", " is string", " is odd",
            " is divisibleby 3", " is in [1]", " is sameas none", " is mapping"),
        Gen.Elements(Filters.Known.Keys.ToArray())
            .SelectMany(name => Gen.Elements("", "(2)", "('a')", "('a', 2)", "(attribute='name')", "(none)", "([1])", "(1.5)", "(-1)"),
                (name, arguments) => $"|{name}{arguments}"));

    private static readonly Gen<string> Full =
        from first in Expression
        from suffixes in Suffix.ListOf()
        from operation in Operation
        from second in Expression
        from more in Suffix.ListOf()
        from statement in Gen.Elements(
            "{{ $ }}", "{% for x in $ %}{{ x }}{{ loop.index }}{% else %}e{% endfor %}", "{% if $ %}a{% endif %}", "{% set x = $ %}{{ x }}",
            "{% macro m(x=$) %}{{ x }}{% endmacro %}{{ m() }}", "{% set ns = namespace(x=$) %}{% set ns.x = ns.x %}{{ ns.x|tojson }}",
            "{% set x, m = $ %}{{ x }}", "{% filter replace('1', 2) %}{{ $ }}{% endfilter %}", "{% with x = $ %}{{ x|string|length }}{% endwith %}",
            "{% for x in $ recursive %}{{ loop([]) }}{% endfor %}", "{{ ($) if ($) else ($) }}")
        select statement.Replace("$", $"({first}{string.Concat(suffixes)}){operation}{second}{string.Concat(more)}", StringComparison.Ordinal);

    [Fact]
    public void Render_AnyText_IsTextOrAnError() => Prop.ForAll(AnyText, CanBeRendered).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void Render_AnyPieces_IsTextOrAnError() =>
        Prop.ForAll(Piece.ListOf().Select(string.Concat).ToArbitrary(), CanBeRendered).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    [Fact]
    public void Render_AnyExpression_IsTextOrAnError() =>
        Prop.ForAll(Full.ToArbitrary(), CanBeRendered).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000).WithEndSize(5));

    [Fact]
    public void Render_AnyBytesOfARealTemplateChanged_IsTextOrAnError()
    {
        string[] templates =
        [
            .. new[] { "llama3", "qwen25", "mistral", "macros" }.Select(name => File.ReadAllText(TemplateReference.PathOf($"{name}.jinja"))),
        ];
        Arbitrary<string> mutated = (
            from template in Gen.Elements(templates)
            from at in Gen.Choose(0, 300)
            from length in Gen.Choose(0, 20)
            from piece in Piece
            let start = at * template.Length / 301
            select template.Remove(start, Math.Min(length, template.Length - start)).Insert(start, piece)).ToArbitrary();

        Prop.ForAll(mutated, CanBeRendered).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory(Timeout = Bound)]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in range(99999) %}{{ text * 9999 }}{% endfor %}")]
    [InlineData("{{ 'a' * 99999999999 }}")]
    [InlineData("{{ [1] * 99999999 }}")]
    [InlineData("{{ 2 ** 999999999 }}")]
    [InlineData("{{ 9999999999 * 9999999999 }}")]
    [InlineData("{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x|replace('a', 'aaaaaaaaaa') %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=['a']) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == [ns.x] }}")]
    [InlineData("{% set ns = namespace(x=[], s='aaaaaaaaaa' * 9999) %}{% for i in range(99999) %}{% set ns.x = ns.x + [ns.s ~ i] %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m(x) %}{{ m(x)|upper ~ m(x) }}{% endmacro %}{{ m(1) }}")]
    [InlineData("{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}")]
    [InlineData("{% for x in numbers recursive %}{{ loop(numbers) }}{% endfor %}")]
    [InlineData("{{ range(99999)|map('string')|join('aaaaaaaaaa' * 99999) }}")]
    [InlineData("{{ range(99999)|list|tojson(indent=64) * 999 }}")]
    [InlineData("{{ 'a\n' * 99999 |indent(99999999) }}")]
    [InlineData("{{ 'a'.center(999999999) }}{{ 'a'|center(999999999) }}{{ 'a'.zfill(999999999) }}")]
    [InlineData("{{ range(99999)|sort|unique|groupby(0)|batch(99999999999)|slice(99999999999)|list }}")]
    [InlineData("{{ range(99999)|batch(2, 0)|map('join', '')|list|map('list')|map('items')|list }}")]
    [InlineData("{% set ns = namespace(d=range(99999)|groupby(missing)|list) %}{% for i in range(9999) %}{{ ns.d|unique|list|length }}{% endfor %}")]
    [InlineData("{{ '%999999999d' % 1 }}")]
    [InlineData("{{ ('a' * 99999)[::-1][::-1] in ('b' * 99999) }}{% for i in range(9999) %}{{ ('a' * 99999)|length }}{% endfor %}")]
    public async Task Render_WhatWouldNotEnd_IsAnError(string template)
    {
        long allocated = 0;
        Exception? problem = await Task.Run(
            () =>
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                Exception? thrown = Record.Exception(() => TemplateReference.Render(template, Variables));
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                return thrown;
            },
            TestContext.Current.CancellationToken);

        Assert.IsType<RenderException>(problem);
        Assert.InRange(allocated, 0, MostAllocated);
    }

    [Theory(Timeout = Bound)]
    [InlineData("(", "{{ ", "1", ")", " }}")]
    [InlineData("[", "{{ ", "1", "]", " }}")]
    [InlineData("{1: ", "{{ ", "1", "}", " }}")]
    [InlineData("not ", "{{ ", "1", "", " }}")]
    [InlineData("-", "{{ ", "1", "", " }}")]
    [InlineData("1 if 1 else ", "{{ ", "1", "", " }}")]
    [InlineData("1 + ", "{{ ", "1", "", " }}")]
    [InlineData("1 ** ", "{{ ", "1", "", " }}")]
    [InlineData("", "{{ x", "", ".y", " }}")]
    [InlineData("", "{{ x", "", "[0]", " }}")]
    [InlineData("", "{{ x", "", "|upper", " }}")]
    [InlineData("", "{{ x", "", "()", " }}")]
    [InlineData("x[", "{{ ", "0", "]", " }}")]
    [InlineData("{% if 1 %}", "", "x", "{% endif %}", "")]
    [InlineData("{% for a in b %}", "", "x", "{% endfor %}", "")]
    [InlineData("{% macro m() %}", "", "x", "{% endmacro %}", "")]
    [InlineData("{% filter upper %}", "", "x", "{% endfilter %}", "")]
    [InlineData("(", "{% set ", "x", ")", " = 1 %}")]
    public async Task Parse_NestedWithoutEnd_IsAnError(string open, string before, string middle, string close, string after)
    {
        const int Times = 100_000;
        var template = new StringBuilder(before);
        template.Insert(template.Length, open, Times).Append(middle);
        string text = template.Insert(template.Length, close, Times).Append(after).ToString();

        Exception? problem = await Task.Run(
            () => Record.Exception(() => TemplateReference.Render(text, Variables)), TestContext.Current.CancellationToken);

        Assert.True(problem is TemplateSyntaxException or RenderException, problem?.ToString() ?? "It was rendered.");
    }

    [Fact]
    public void Render_ManyMessages_TakesFewOfTheStepsThatItMay()
    {
        string messages = JsonSerializer.Serialize(
            Enumerable.Range(0, 4000).Select(i => new { role = i % 2 == 0 ? "user" : "assistant", content = $"message {i}" }));

        foreach (string name in (string[])["chatml", "gemma", "llama3", "mistral", "phi3", "qwen25"])
            Assert.NotEmpty(TemplateReference.Template($"{name}.jinja").Render(JsonElement.Parse(messages)));
    }

    private static bool CanBeRendered(string template)
    {
        Exception? problem = Record.Exception(() => TemplateReference.Render(template, Variables));
        bool isKnown = problem is null or TemplateSyntaxException or RenderException;
        return isKnown ? true : throw new InvalidOperationException(template, problem);
    }
}
