// node server.mjs NODE_MODULES MODEL_FOLDER PORT : the server that one would write around ONNX Runtime: each call tokenizes its text and
// runs it alone, with mean pooling and normalization. Prints 'ready'.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , modules, folder, port] = process.argv;
const require = createRequire(join(modules, 'x.js'));
const ort = require('onnxruntime-node');
const { Tokenizer } = require('@huggingface/tokenizers');
const fastify = require('fastify')();

const read = name => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const tokenizer = new Tokenizer(read('tokenizer.json'), {});
const session = await ort.InferenceSession.create(join(folder, 'model.onnx'));
const dimensions = 384, most = 256;

async function embed(text) {
  const ids = tokenizer.encode(text).ids.slice(0, most);
  const shape = [1, ids.length];
  const tensor = value => new ort.Tensor('int64', BigInt64Array.from(ids, value), shape);
  const { last_hidden_state: states } = await session.run({
    input_ids: tensor(id => BigInt(id)), attention_mask: tensor(() => 1n), token_type_ids: tensor(() => 0n),
  });
  const sum = new Float32Array(dimensions);
  for (let i = 0; i < states.data.length; i++) sum[i % dimensions] += states.data[i];
  const length = Math.hypot(...sum);
  return { vector: sum.map(value => value / length), tokens: ids.length };
}

const body = { type: 'object', required: ['model', 'input'], properties: { model: { type: 'string' }, input: { type: 'string' } } };
fastify.post('/v1/embeddings', { schema: { body } }, async request => {
  const { vector, tokens } = await embed(request.body.input);
  const embedding = Buffer.from(vector.buffer).toString('base64');
  return {
    object: 'list', model: request.body.model, data: [{ object: 'embedding', index: 0, embedding }],
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
});

await fastify.listen({ host: '127.0.0.1', port: +port });
console.log('ready');
