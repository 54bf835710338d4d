// The queues of all tenants, for operators.

import { get, post } from './api.js';
import { Badge, Card, Confirm, duration, Empty, Failure, html, number, Page, Text, useEffect, usePoll, useState } from './ui.js';
import { Chart } from './chart.js';
import { NoModel } from './models.js';

const minutes = 5;
/** What the queues were in the last minutes, gathered wherever the reader is on the page. */
const samples = [];

export function useQueueSamples(isOperator) {
  useEffect(() => {
    if (!isOperator) return undefined;
    let abort = null;
    const turn = async () => {
      if (abort) return;
      abort = new AbortController();
      try {
        keep((await get('/v1/queues', abort.signal)).data);
      } catch {
        // The part that shows the queues says why.
      } finally {
        abort = null;
      }
    };
    const timer = setInterval(() => { if (!document.hidden) turn(); }, 3000);
    turn();
    return () => { clearInterval(timer); abort?.abort(); };
  }, [isOperator]);
}

function keep(queues) {
  const now = Date.now() / 1000;
  samples.push({ at: now, queues: new Map(queues.map((one) => [one.queue, one])) });
  while (samples.length > 0 && samples[0].at < now - minutes * 60) samples.shift();
}

function linesOf(queue) {
  const of = (sample, field) => (queue === 'all' ? [...sample.queues.values()] : [sample.queues.get(queue)].filter(Boolean))
    .reduce((sum, one) => sum + one[field], 0);
  return [samples.map((one) => one.at), ...['depth', 'running', 'drain_per_second'].map((field) => samples.map((one) => of(one, field)))];
}

const series = [{ label: 'waiting', color: '--series-1' }, { label: 'running', color: '--series-2' },
  { label: 'ended / s', color: '--series-3' }];

export function Queues() {
  const answer = usePoll((signal) => get('/v1/queues', signal), 2000);
  const [chosen, setChosen] = useState('all');
  const [asked, setAsked] = useState(null);
  const [said, setSaid] = useState('');
  const queues = answer.data?.data ?? [];
  const ask = (kind, queue) => setAsked(questions(kind, queue));
  return html`<${Page} title="Queues" text="One for each model. Jobs wait here until a worker takes them.">
    <${Failure} error=${answer.error} retry=${answer.refresh} />
    <p role="status" aria-live="polite" class=${said ? 'notice good' : 'quiet-status'}>${said}</p>
    ${answer.data && queues.length === 0 && html`<${Card}><${NoModel} /><//>`}
    ${queues.length > 0 && html`<${Card} title="The last five minutes"
      actions=${html`<label class="inline"><span class="sr">Queue of the chart</span>
        <select value=${chosen} onChange=${(event) => setChosen(event.target.value)}><option value="all">All queues</option>
        ${queues.map((one) => html`<option key=${one.queue} value=${one.queue}>${one.queue}</option>`)}</select></label>`}>
      <${Chart} data=${linesOf(chosen)} series=${series} minutes=${minutes}
        label=${`Waiting and running jobs of the last ${minutes} minutes`} /><//>`}
    <div class="grid">${queues.map((one) => html`<${Queue} key=${one.queue} queue=${one} ask=${ask} />`)}</div>
    ${asked && html`<${Confirm} ...${asked} onClose=${() => setAsked(null)}
      onDone=${(result) => { setSaid(asked.said(result)); answer.refresh(); }} />`}
  <//>`;
}

const pathOf = (queue, action) => `/v1/queues/${encodeURIComponent(queue.queue)}/${action}`;

function questions(kind, queue) {
  if (kind === 'pause') {
    return { title: 'Pause the queue', text: `Workers get no more jobs of ${queue.queue}. Calls and jobs are still taken, and wait.`,
      action: () => post(pathOf(queue, 'pause')), said: () => `${queue.queue} is paused.` };
  }
  if (kind === 'resume') {
    return { title: 'Resume the queue', text: `Workers get jobs of ${queue.queue} again: ${number(queue.depth)} wait.`,
      action: () => post(pathOf(queue, 'resume')), said: () => `${queue.queue} runs again.` };
  }
  return {
    title: 'Run the dead letters again',
    text: `${number(queue.dead)} jobs of ${queue.queue}, which failed after all their attempts, wait again, those of all tenants.`,
    action: () => post(pathOf(queue, 'requeue-dead')), said: (result) => `${number(result.requeued)} jobs of ${queue.queue} wait again.`,
  };
}

function Queue({ queue, ask }) {
  const lanes = Object.entries(queue.lanes);
  const most = Math.max(1, ...lanes.map(([, lane]) => lane.depth));
  return html`<section class="card" aria-label=${`Queue ${queue.queue}`}>
    <header class="card-head"><h2 class="long"><${Text}>${queue.queue}<//></h2>
      ${queue.paused ? html`<${Badge} kind="warn">paused<//>` : queue.workers === 0 ? html`<${Badge} kind="bad">no worker<//>`
        : html`<${Badge} kind="good">runs<//>`}</header>
    ${queue.problem && html`<p class="failure long" role="alert">The queue does not serve.
      ${queue.problem}</p>`}
    <dl class="facts">
      <div><dt>Waiting</dt><dd>${number(queue.depth)}</dd></div><div><dt>Running</dt><dd>${number(queue.running)}</dd></div>
      <div><dt>Oldest</dt><dd>${queue.oldest_ms === null ? '–' : duration(queue.oldest_ms)}</dd></div>
      <div><dt>Ended / s</dt><dd>${number(queue.drain_per_second)}</dd></div>
      <div><dt>Workers</dt><dd>${number(queue.workers)}</dd></div>
      <div><dt>Dead letters</dt><dd class=${queue.dead > 0 ? 'bad-text' : ''}>${number(queue.dead)}</dd></div>
      <div><dt>Broken</dt><dd class=${queue.broken > 0 ? 'bad-text' : ''}>${number(queue.broken)}</dd></div>
    </dl>
    <div class="lanes">${lanes.map(([name, lane]) => html`<div class="lane" key=${name}><span>${name}</span>
      <span class="bar" aria-hidden="true"><span style=${{ width: `${(100 * lane.depth) / most}%` }}></span></span>
      <span class="num">${number(lane.depth)}
        ${lane.oldest_ms !== null ? html`<span class="muted small"> · ${duration(lane.oldest_ms)}</span>` : ''}</span></div>`)}</div>
    <footer class="actions">
      ${queue.paused ? html`<button onClick=${() => ask('resume', queue)}>Resume</button>`
        : html`<button onClick=${() => ask('pause', queue)}>Pause</button>`}
      <button disabled=${queue.dead === 0} onClick=${() => ask('dead', queue)}>Run dead letters again</button></footer>
  </section>`;
}
