// Writes InferenceWorker/Text/WordPiece/bert-unicode.txt: what Hugging Face's BertNormalizer and BertPreTokenizer do to each character.
//
// The reference library mixes the Unicode versions of several crates, so no single version of the Unicode database gives its
// answers. Every line is therefore asked of the library itself, one code point at a time:
//
//   npm install --prefix FOLDER tokenizers@0.23.2
//   node eng/bert-unicode.mjs FOLDER/node_modules/tokenizers > InferenceWorker/Text/WordPiece/bert-unicode.txt
import { createRequire } from "node:module";
import { resolve } from "node:path";

const library = createRequire(import.meta.url)(resolve(process.argv[2]));
const off = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };
const normalizer = (options) => {
  const one = library.bertNormalizer({ ...off, ...options });
  return (text) => one.normalizeString(text);
};
const clean = normalizer({ cleanText: true });
const isolate = normalizer({ handleChineseChars: true });
const strip = normalizer({ stripAccents: true });
const lower = normalizer({ lowercase: true });
const decomposer = library.nfdNormalizer();
const decompose = (text) => decomposer.normalizeString(text);
const preTokenizer = library.bertPreTokenizer();
const split = (text) => preTokenizer.preTokenizeString(text).map(([piece]) => piece);

// U+0345 has the highest combining class and U+0334 the lowest: whatever has a class of its own moves between the two.
const reorders = (c) => decompose(`a\u0345${c}\u0334`) !== `a\u0345${c}\u0334`;
const moves = (first, second) => (decompose(`a${first}${second}`) === `a${second}${first}` ? 1 : 0);

const removed = [], whiteSpace = [], punctuation = [], ideographs = [], marks = [], barriers = [], kept = [];
const lowercase = [], decompositions = [];
const points = (text) => [...text].map((c) => c.codePointAt(0));

for (let point = 0; point < 0x110000; point++) {
  if (point >= 0xd800 && point < 0xe000) continue;
  const c = String.fromCodePoint(point);

  if (clean(`a${c}b`) === "ab") removed.push(point);
  const pieces = split(`a${c}b`);
  if (pieces.length === 2) whiteSpace.push(point);
  if (pieces.length === 3) punctuation.push(point);
  if (isolate(c) !== c) ideographs.push(point);
  if (lower(c) !== c) lowercase.push([point, points(lower(c))]);

  const isHangul = point >= 0xac00 && point <= 0xd7a3;
  const bare = strip(`a${c}`).slice(1);
  if (bare === "") marks.push(point);
  else if (bare !== c && !isHangul) decompositions.push([point, points(bare)]);
  if (decompose(c) === c) {
    if (bare === "" && !reorders(c)) barriers.push(point);
    if (bare !== "" && reorders(c)) kept.push(c);
  }
}

if (decompositions.some(([, to]) => to.some((p) => barriers.includes(p)))) throw new Error("a decomposition holds a barrier");
kept.sort((first, second) => moves(first, second) - moves(second, first) || first.codePointAt(0) - second.codePointAt(0));
let rank = 0;
const ranks = kept.map((c, i) => {
  if (i === 0 || moves(c, kept[i - 1]) || moves(kept[i - 1], c)) rank++;
  return [c.codePointAt(0), [rank]];
}).sort(([first], [second]) => first - second);

const hex = (number) => number.toString(16);
const range = (from, to, step = 1) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}${step === 2 ? "/2" : ""}`);

// Consecutive code points become one range.
function ranges(list) {
  const items = [];
  for (let i = 0; i < list.length; i++) {
    const from = list[i];
    while (list[i + 1] === list[i] + 1) i++;
    items.push(range(from, list[i]));
  }
  return items;
}

// Consecutive code points with the same value become "from-to=value".
function constants(pairs) {
  const items = [];
  for (let i = 0; i < pairs.length; i++) {
    const [from, to] = pairs[i];
    while (pairs[i + 1]?.[0] === pairs[i][0] + 1 && String(pairs[i + 1][1]) === String(to)) i++;
    items.push(`${range(from, pairs[i][0])}=${to.map(hex).join("+")}`);
  }
  return items;
}

// Code points one or two apart at the same distance from their values become "from-to[/2]:value of from".
function shifts(pairs) {
  const items = [];
  for (let i = 0; i < pairs.length; i++) {
    const [from, to] = pairs[i];
    if (to.length > 1) {
      items.push(`${hex(from)}=${to.map(hex).join("+")}`);
      continue;
    }
    const continues = (step) => pairs[i + 1]?.[0] === pairs[i][0] + step && pairs[i + 1][1].length === 1
      && pairs[i + 1][1][0] - pairs[i + 1][0] === to[0] - from;
    const step = continues(1) ? 1 : 2;
    while (continues(step)) i++;
    items.push(`${range(from, pairs[i][0], step)}:${hex(to[0])}`);
  }
  return items;
}

function section(name, items) {
  const lines = [`[${name}]`];
  let line = "";
  for (const item of items) {
    if (line.length + item.length >= 120) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? item : ` ${item}`;
  }
  return [...lines, line].join("\n");
}

console.log(`# Character data of the BERT tokenizer, written by eng/bert-unicode.mjs from tokenizers 0.23.2; do not edit. Hexadecimal.
# removed: dropped by clean_text. white_space, punctuation: split by the pre-tokenizer. ideograph: isolated by handle_chinese_chars.
# mark: dropped by strip_accents; a barrier is a mark over which no other character is reordered. order: combining characters that
# strip_accents keeps, with their rank in canonical order. lowercase: 'from-to[/step]:lowercase of from', or 'from=to'.
# decomposition: canonical decomposition without marks, 'from-to=characters' (Hangul syllables are computed).
${section("removed", ranges(removed))}
${section("white_space", ranges(whiteSpace))}
${section("punctuation", ranges(punctuation))}
${section("ideograph", ranges(ideographs))}
${section("mark", ranges(marks))}
${section("barrier", ranges(barriers))}
${section("order", constants(ranks))}
${section("lowercase", shifts(lowercase))}
${section("decomposition", constants(decompositions))}`);
