// Writes InferenceWorker/Text/Bpe/nfc-unicode.txt: what the NFC normalizer of Hugging Face's tokenizers does to each character.
//
// Every line is asked of the library itself, so that the Unicode version is that of the library:
//
//   npm install --prefix FOLDER tokenizers@0.23.2
//   node eng/nfc-unicode.mjs FOLDER/node_modules/tokenizers > InferenceWorker/Text/Bpe/nfc-unicode.txt
import { createRequire } from "node:module";
import { resolve } from "node:path";

const library = createRequire(import.meta.url)(resolve(process.argv[2]));
const decomposer = library.nfdNormalizer();
const composer = library.nfcNormalizer();
const decompose = (text) => decomposer.normalizeString(text);
const compose = (text) => composer.normalizeString(text);
const hex = (text) => [...text].map((c) => c.codePointAt(0).toString(16)).join("+");

// U+0345 has the highest combining class and U+0334 the lowest: whatever has a class of its own moves between the two.
const reorders = (c) => decompose(`a\u0345${c}\u0334`) !== `a\u0345${c}\u0334`;
const isAbove = (first, second) => decompose(`a${first}${second}`) === `a${second}${first}`;

const decompositions = [], compositions = [], combining = [];
for (let point = 0x80; point < 0x110000; point++) {
  if ((point >= 0xd800 && point < 0xe000) || (point >= 0xac00 && point <= 0xd7a3)) continue;
  const c = String.fromCodePoint(point);
  const parts = [...decompose(c)];
  if (parts.length > 1 || parts[0] !== c) {
    decompositions.push(`${hex(c)}=${hex(parts.join(""))}`);
    if (parts.length > 1 && compose(parts.join("")) === c)
      compositions.push(`${hex(compose(parts.slice(0, -1).join("")))}+${hex(parts.at(-1))}=${hex(c)}`);
  } else if (c === "\u0345" || c === "\u0334" || reorders(c)) {
    combining.push(c);
  }
}

const classes = [];
for (const c of combining) {
  let low = 0, high = classes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAbove(c, classes[middle][0])) low = middle + 1; else high = middle;
  }
  if (low < classes.length && !isAbove(classes[low][0], c)) classes[low].push(c); else classes.splice(low, 0, [c]);
}

const lines = (items) => {
  const out = [];
  for (const item of items) {
    if (out.length > 0 && out.at(-1).length + item.length < 139) out.push(`${out.pop()} ${item}`); else out.push(item);
  }
  return out.join("\n");
};
const ranges = (characters) => {
  const out = [];
  for (const point of characters.map((c) => c.codePointAt(0))) {
    if (out.length > 0 && out.at(-1)[1] === point - 1) out.at(-1)[1] = point; else out.push([point, point]);
  }
  return out.map(([from, to]) => (from === to ? from.toString(16) : `${from.toString(16)}-${to.toString(16)}`));
};
console.log(`# Character data of NFC, written by eng/nfc-unicode.mjs from tokenizers 0.23.2; do not edit. Hexadecimal.
# decomposition: 'character=its whole canonical decomposition'. composition: 'first+second=character'. Hangul syllables are computed.
# class: the characters of one combining class a section, lowest class first.
[decomposition]
${lines(decompositions)}
[composition]
${lines(compositions)}
${classes.map((one) => `[class]\n${lines(ranges(one))}`).join("\n")}`);
