// node bull_worker.js QUEUE REDIS_PORT CONCURRENCY : a no-op worker with a result of about 200 bytes. Prints 'ready'.
const { Worker } = require('bullmq');
const [, , name, port, concurrency] = process.argv;
const result = 'r'.repeat(180);
const worker = new Worker(name, async () => ({ ok: true, result }),
  { connection: { host: '127.0.0.1', port: +port }, concurrency: +concurrency });
worker.on('error', (error) => console.error('worker error', error.message));
worker.waitUntilReady().then(() => console.log('ready'));
