// node bull_front.js QUEUE REDIS_PORT HTTP_PORT : the HTTP front that one would write: POST /jobs, GET /jobs/:id?wait=SECONDS.
// Prints 'ready'.
const { Queue, QueueEvents, Job } = require('bullmq');
const fastify = require('fastify')();
const [, , name, port, httpPort] = process.argv;
const connection = { host: '127.0.0.1', port: +port };
const queue = new Queue(name, { connection });
const events = new QueueEvents(name, { connection });
events.setMaxListeners(0);

const body = { type: 'object', required: ['name'], properties: { name: { type: 'string' }, payload: {} } };
fastify.post('/jobs', { schema: { body } }, async (request, reply) => {
  const job = await queue.add(request.body.name, request.body);
  reply.code(202);
  return { id: job.id, state: 'queued' };
});

fastify.get('/jobs/:id', async (request, reply) => {
  const job = await Job.fromId(queue, request.params.id);
  if (!job) { reply.code(404); return { error: 'no such job' }; }
  if (job.finishedOn) {
    return job.failedReason
      ? { id: job.id, state: 'failed', error: job.failedReason }
      : { id: job.id, state: 'completed', result: job.returnvalue };
  }
  const wait = +(request.query.wait || 0);
  if (wait <= 0) return { id: job.id, state: await job.getState() };
  try {
    return { id: job.id, state: 'completed', result: await job.waitUntilFinished(events, wait * 1000) };
  } catch (error) {
    return /timed out/.test(error.message) ? { id: job.id, state: 'waiting' } : { id: job.id, state: 'failed', error: error.message };
  }
});

Promise.all([queue.waitUntilReady(), events.waitUntilReady()])
  .then(() => fastify.listen({ host: '127.0.0.1', port: +httpPort }))
  .then(() => console.log('ready'));
