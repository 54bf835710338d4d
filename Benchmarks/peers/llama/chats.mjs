// llama.cpp as node-llama-cpp brings it: answers prompts greedily, as many at a time as there are in a question. A question and its answer
// are lines of JSON: {"prompts":["…"],"tokens":128} gives {"rate":…,"first":…}, tokens a second of all streams together once all have
// begun, and the median ms to a stream's first token.
// usage: node chats.mjs FOLDER-OF-node-llama-cpp model.gguf THREADS
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, path, threads] = process.argv.slice(2);
const entry = createRequire(`${packages}/chats.mjs`).resolve("node-llama-cpp");
const { getLlama } = await import(pathToFileURL(entry));
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, logLevel: "error", maxThreads: +threads });
const model = await llama.loadModel({ modelPath: path });

async function answer({ prompts, tokens }) {
  const texts = prompts.map(prompt => model.tokenize(prompt, true));
  const longest = Math.max(...texts.map(text => text.length));
  const context = await model.createContext({
    contextSize: longest + tokens + 8, sequences: texts.length, batchSize: Math.max(512, longest), threads: +threads,
  });
  const firsts = [];
  let made = 0, all, last;
  const begin = performance.now();
  await Promise.all(texts.map(async text => {
    let came = 0;
    for await (const _ of context.getSequence().evaluate(text, { temperature: 0, yieldEogToken: true })) {
      last = performance.now();
      if (came++ === 0) {
        firsts.push(last - begin);
        if (firsts.length === texts.length) all = last;
      } else if (all !== undefined) made++;
      if (came >= tokens) break;
    }
  }));
  await context.dispose();
  firsts.sort((one, other) => one - other);
  return { rate: last > all ? made / ((last - all) / 1000) : 0, first: firsts[firsts.length >> 1] };
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await answer(JSON.parse(line))));
process.exit(0);
