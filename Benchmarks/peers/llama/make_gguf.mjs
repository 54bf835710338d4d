// Rebuilds the GGUF that smollm2-135m-instruct was converted from, byte for byte, out of the shipped ONNX weights: llama.cpp is measured on
// the same weights. What is not in them (the tokenizer, the norms) is in rest.bin.gz; layout.json says where which part belongs.
// usage: node make_gguf.mjs model.onnx.data OUT.gguf
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
const here = new URL(".", import.meta.url);
const [dataPath, outPath] = process.argv.slice(2);
if (!outPath) { console.error("usage: node make_gguf.mjs model.onnx.data OUT.gguf"); process.exit(2); }
const data = readFileSync(dataPath), rest = gunzipSync(readFileSync(new URL("rest.bin.gz", here)));
const out = []; let restAt = 0;
for (const [kind, ...a] of JSON.parse(readFileSync(new URL("layout.json", here)))) {
  if (kind === "rest") { out.push(rest.subarray(restAt, restAt += a[0])); continue; }
  if (kind === "q8") {                       // block: fp16 scale, 32 int8 (the ONNX file keeps them offset by 128)
    const [rows, blocks, q, d] = a, b = Buffer.alloc(rows * blocks * 34);
    for (let i = 0; i < rows * blocks; i++) {
      data.copy(b, i * 34, d + 2 * i, d + 2 * i + 2);
      for (let j = 0; j < 32; j++) b[i * 34 + 2 + j] = data[q + 32 * i + j] ^ 128;
    }
    out.push(b); continue;
  }
  const [rows, blocks, q, d, m, row0, total, heads] = a, b = Buffer.alloc(rows * blocks * 20);
  for (let r = 0; r < rows; r++) {           // block: fp16 scale, fp16 minimum, 16 bytes of nibbles (j and j+16 share a byte)
    let s = r;                               // llama.cpp interleaves the two rotary halves of each head
    if (heads) { const h = rows / heads, k = r % h; s = r - k + (k >> 1) + (k & 1) * (h / 2); }
    const row = row0 + s;
    for (let k = 0; k < blocks; k++) {
      const o = (r * blocks + k) * 20, src = q + (row * blocks + k) * 16;
      data.copy(b, o, d + 2 * (row * blocks + k), d + 2 * (row * blocks + k) + 2);
      data.copy(b, o + 2, m + 2 * (k * total + row), m + 2 * (k * total + row) + 2);
      for (let j = 0; j < 16; j++) {
        const lo = (data[src + (j >> 1)] >> (4 * (j & 1))) & 15, hi = (data[src + 8 + (j >> 1)] >> (4 * (j & 1))) & 15;
        b[o + 4 + j] = lo | (hi << 4);
      }
    }
  }
  out.push(b);
}
writeFileSync(outPath, Buffer.concat(out));
