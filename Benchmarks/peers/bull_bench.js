// node bull_bench.js QUEUE REDIS_PORT IN_FLIGHT : submits jobs and sees each result.
// Prints 'ready'; then each line on standard input is answered by a line of JSON:
//   throughput N   N jobs, IN_FLIGHT adds at a time; the time runs from the first add until the last result was seen
//   latency N      N jobs one at a time, after 100 that are not counted
const { Queue, QueueEvents } = require('bullmq');
const [, , name, port, inFlight] = process.argv;
const connection = { host: '127.0.0.1', port: +port };
const payload = { kind: 'noop', payload: 'p'.repeat(170) };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => Number(process.hrtime.bigint()) / 1e6;
const isWrong = (result) => !result || result.result.length !== 180;

let queue, events, seen = 0, lastSeen = 0, wrong = 0;

async function throughput(count) {
  const base = await queue.getCompletedCount();
  seen = 0; lastSeen = 0; wrong = 0;
  const start = now();
  let next = 0;
  await Promise.all(Array.from({ length: +inFlight }, async () => { while (next++ < count) await queue.add('noop', payload); }));
  // Seen: an event with the result of every job. Events that the trimmed stream lost count as seen once all results are stored.
  for (let stored = 0, storedAt = 0; seen < count && now() - start < 120000;) {
    await sleep(20);
    if (now() - lastSeen <= 200) continue;
    stored = (await queue.getCompletedCount()) - base;
    if (stored < count) continue;
    storedAt = storedAt || now();
    if (now() - Math.max(lastSeen, storedAt) > 400) break;
  }
  const stored = (await queue.getCompletedCount()) - base;
  const seconds = (lastSeen - start) / 1000;
  return { jobs: count, per_s: count / seconds, p50_ms: 0, p99_ms: 0, wrong: wrong + (count - stored) };
}

async function latency(count) {
  const times = [];
  wrong = 0;
  for (let i = -100; i < count; i++) {
    const start = now();
    const result = await (await queue.add('noop', payload)).waitUntilFinished(events, 10000);
    if (i >= 0) times.push(now() - start);
    if (isWrong(result)) wrong++;
  }
  times.sort((a, b) => a - b);
  return {
    jobs: count, per_s: count / (times.reduce((a, b) => a + b) / 1000), p50_ms: times[count >> 1],
    p99_ms: times[Math.floor(count * 0.99)], wrong,
  };
}

async function main() {
  queue = new Queue(name, { connection });
  events = new QueueEvents(name, { connection });
  await queue.waitUntilReady();
  await events.waitUntilReady();
  events.on('completed', ({ returnvalue }) => { seen++; lastSeen = now(); if (isWrong(returnvalue)) wrong++; });
  // The subscription reads from '$': an event before its first XREAD would be missed, so see one job through first.
  for (let k = 0; k < 50 && seen === 0; k++) {
    await queue.add('noop', payload);
    for (let w = 0; w < 20 && seen === 0; w++) await sleep(10);
  }
  await sleep(100);
  console.log('ready');
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const [command, count] = line.split(' ');
    console.log(JSON.stringify(await { throughput, latency }[command](+count)));
  }
  process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
