// Writes bpe-variants.json and bpe-variants.jsonl: the vocabulary of smollm2-135m-instruct cut as other families cut it.
//
//   npm install --prefix FOLDER tokenizers@0.23.2
//   node Tests/Reference/tokenizer/bpe-variants.mjs FOLDER/node_modules/tokenizers TOKENIZER.JSON
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const library = createRequire(import.meta.url)(resolve(process.argv[2]));
const base = JSON.parse(readFileSync(process.argv[3], "utf8"));
const folder = dirname(new URL(import.meta.url).pathname);

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const blanks = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]", lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]", before = "[^\\r\\n\\p{L}\\p{N}]?";
const byteLevel = (useRegex) => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: useRegex });
const split = (regex, behavior = "Isolated", invert = false) => ({ type: "Split", pattern: { Regex: regex }, behavior, invert });
const sequence = (...pretokenizers) => ({ type: "Sequence", pretokenizers });
const variants = {
  gpt2: { pre_tokenizer: byteLevel(true) },
  llama3: {
    ignore_merges: true,
    pre_tokenizer: sequence(split(`${contractions}|${before}\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${blanks}`), byteLevel(false)),
  },
  qwen2: {
    normalizer: { type: "NFC" },
    pre_tokenizer: sequence(split(`${contractions}|${before}\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${blanks}`), byteLevel(false)),
  },
  mistralNemo: {
    pre_tokenizer: sequence(
      split(`${before}${upper}*${lower}+|${before}${upper}+${lower}*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${blanks}`), byteLevel(false)),
  },
  gpt4o: {
    pre_tokenizer: sequence(
      split(`${before}${upper}*${lower}+${contractions}?|${before}${upper}+${lower}*${contractions}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${blanks}`,
        "Removed", true),
      byteLevel(false)),
  },
  digitRuns: { pre_tokenizer: sequence({ type: "Digits", individual_digits: false }, byteLevel(true)) },
  threeDigits: { pre_tokenizer: sequence(split("\\p{N}{1,3}"), byteLevel(true)) },
};

const own = [
  "I'm you'RE we'Ve it'S they'd 'tis ''s don't DON'T", "a\u{1D7CF}\u{1D7D0}\u{1D7D1}\u{1D7D2} 12345 1234567", "x\u{1D4B3}y \u{1D4B3}\u{1D4B4}z",
  "\u{10400}\u{10428} A\u{10400}b\u{10428}C", "e\u0301\u0323 \u0344 \u212b \u1100\u1161\u11a8 \ud55c \ufb1d \u2126", "a\u0323\u0307 a\u0307\u0323 q\u0307\u0323",
  "\n\n  \n x", "  \r\n\r\n\ty  z   ", "a/b//c\n/d?!\n\n", "HelloWorld helloWORLD iPhone McDonald's", "\u01c5x \u02b0y \u00aa", "one\u00a0two\u2003three\u3000",
  "\u0663\u0664\u0665 \u2160\u2161 \u00b2\u00b3", "caf\u00e9 cafe\u0301", " leading", "trailing ", "   ", "\t\ttabs\t", "!!!???...\n", "\u200b\u200dzero",
  "<|im_end|>", "a<|im_start|>b <file_sep>", "\u4f60\u597d\uff0c\u4e16\u754c 123", "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 family's",
];
const reference = readFileSync(`${folder}/smollm2-135m-instruct.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line).text);
const texts = [...own, ...reference.filter((text, i) => i % 9 === 0 && text.length < 80)];

const lines = texts.map((text) => ({ text, ids: {} }));
for (const [name, { pre_tokenizer, normalizer = null, ignore_merges = false }] of Object.entries(variants)) {
  const tokenizer = library.Tokenizer.fromString(JSON.stringify({ ...base, normalizer, pre_tokenizer, model: { ...base.model, ignore_merges } }));
  for (const line of lines)
    line.ids[name] = (await tokenizer.encode(line.text, null, { addSpecialTokens: false })).getIds();
}

writeFileSync(`${folder}/bpe-variants.json`, `${JSON.stringify(variants, null, 2)}\n`);
writeFileSync(`${folder}/bpe-variants.jsonl`, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
