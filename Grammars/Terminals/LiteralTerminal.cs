namespace AiPlatform.Grammars.Terminals;

/// <summary>One text. Its state is the number of bytes that were read.</summary>
internal sealed class LiteralTerminal(byte[] text) : Terminal
{
    public override int Start => 0;

    public override int Step(int state, byte value) => state < text.Length && text[state] == value ? state + 1 : Dead;

    public override bool Accepts(int state) => state == text.Length;

    public override bool Continues(int state) => state < text.Length;

    public override int OnlyByte(int state) => state < text.Length ? text[state] : -1;
}
