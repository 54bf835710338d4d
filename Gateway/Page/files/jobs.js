// Durable calls: the list, and one job from its submit to its end.

import { events, get, post, send, state } from './api.js';
import { ago, Badge, Card, Code, Confirm, duration, Empty, Failure, Field, html, LongText, number, Page, Status, Text, Time,
  TraceLink, useEffect, usePoll, useState } from './ui.js';

export const Jobs = ({ route }) => (route.parts[1] ? html`<${Job} key=${route.parts[1]} id=${route.parts[1]} />` : html`<${List} />`);

const statuses = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'];
const pathOf = (id, rest = '') => `/v1/jobs/${encodeURIComponent(id)}${rest}`;

function List() {
  const [status, setStatus] = useState('');
  const [model, setModel] = useState('');
  const [older, setOlder] = useState({ jobs: [], lastId: null, hasMore: null });
  const [error, setError] = useState(null);
  const filters = new URLSearchParams({ limit: '50', ...(status && { status }), ...(model && { model }) });
  const models = usePoll((signal) => get('/v1/models', signal), 10000);
  const newest = usePoll((signal) => get(`/v1/jobs?${filters}`, signal), 3000, [status, model]);
  useEffect(() => setOlder({ jobs: [], lastId: null, hasMore: null }), [status, model]);
  const first = newest.data?.data ?? [];
  const isOf = (job) => (!status || job.status === status) && (!model || job.model === model);
  const seen = new Set(first.map((job) => job.id));
  const jobs = [...first, ...older.jobs.filter((job) => !seen.has(job.id))].filter(isOf);
  const hasMore = older.hasMore ?? newest.data?.has_more ?? false;
  const more = async () => {
    try {
      setError(null);
      const page = await get(
        `/v1/jobs?${new URLSearchParams({ ...Object.fromEntries(filters), limit: '100', after: older.lastId ?? newest.data.last_id })}`);
      // New jobs push others off the first page: they are kept here.
      setOlder((known) => (
        { jobs: [...(known.jobs.length > 0 ? known.jobs : first), ...page.data], lastId: page.last_id, hasMore: page.has_more }));
    } catch (failure) {
      setError(failure);
    }
  };
  return html`<${Page} title="Jobs"
    text="Every call to a worker’s model is a job, and so is a call that was submitted as one. The newest come first.">
    <section class="card"><div class="filters">
      <${Field} label="Status"><select value=${status} onChange=${(event) => setStatus(event.target.value)}><option value="">All</option>
        ${statuses.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select><//>
      <${Field} label="Model"><select value=${model} onChange=${(event) => setModel(event.target.value)}><option value="">All</option>
        ${(models.data?.data ?? []).map((one) => html`<option key=${one.id} value=${one.id}>${one.id}</option>`)}</select><//>
      <span class="muted small" role="status">${newest.data ? `${number(jobs.length)}${hasMore ? '+' : ''} jobs` : ''}</span></div>
      <${Failure} error=${newest.error ?? error} retry=${newest.refresh} />
      ${newest.data && jobs.length === 0 && html`<${NoJobs} isFiltered=${Boolean(status || model)} hasMore=${hasMore} />`}
      ${jobs.length > 0 && html`<ul class="rows" aria-label="Jobs">${jobs.map((job) => html`<${Row} key=${job.id} job=${job} />`)}</ul>`}
      ${hasMore && html`<div class="actions center"><button onClick=${more}>Older jobs</button></div>`}
    </section><//>`;
}

function NoJobs({ isFiltered, hasMore }) {
  if (hasMore) return html`<${Empty} title="None among the newest"><p>Older jobs may fit.</p><//>`;
  if (isFiltered) return html`<${Empty} title="No job fits"><p>Choose another status or model.</p><//>`;
  const lines = [
    `curl -s ${location.origin}/v1/jobs -H 'Content-Type: application/json' \\`,
    ...(state.key ? ['  -H "Authorization: Bearer $AIPLATFORM_KEY" \\'] : []),
    `  -d '{"endpoint":"/v1/embeddings","body":{"model":"all-minilm-l6-v2","input":"Hello, world"}}'`,
  ];
  return html`<${Empty} title="No job yet">
    <p>A job goes on when its caller leaves. This submits one, or press “Run as a job” in the${' '}
      <a href="#/playground">playground</a>:</p>
    <${Code}>${lines.join('\n')}<//><//>`;
}

function tookOf(job) {
  if (job.finished_at && job.started_at) return duration(job.timings.run_ms);
  if (job.started_at) return duration(Date.now() - Date.parse(job.started_at));
  return job.position !== null ? `${number(job.position)} before it` : '–';
}

const Row = ({ job }) => html`<li><a class="row" href=${`#/jobs/${encodeURIComponent(job.id)}`}>
  <span class="row-status"><${Status} of=${job.status} /></span>
  <span class="row-main"><${Text}>${job.model}<//><span class="muted small mono">${job.id.split('.')[0]}</span></span>
  <span class="muted small">${job.endpoint.replace('/v1/', '')} · ${job.lane}</span>
  <span class="muted small">${tookOf(job)}</span>
  <span class="muted small" title=${job.created_at}>${ago(job.created_at)}</span></a></li>`;

/** Follows the job's events, and goes on behind the last one when the connection is lost. */
function useEvents(id, run) {
  const [log, setLog] = useState({ entries: [], text: '', gap: false, live: false, job: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    let stopped = false;
    let timer = 0;
    let after = null;
    let drawn = 0;
    const kept = { entries: [], text: '', gap: false, live: false, job: null, error: null };
    const draw = () => {
      if (drawn || stopped) return;
      drawn = setTimeout(() => { drawn = 0; setLog({ ...kept, entries: [...kept.entries] }); }, 60);
    };
    const take = (one) => {
      if (one.id) after = one.id;
      let data;
      try {
        data = JSON.parse(one.data);
      } catch {
        return;
      }
      if (one.event === 'status') kept.entries.push({ kind: 'status', ...data });
      else if (one.event === 'progress') kept.progress = data;
      else if (one.event === 'gap') kept.gap = true;
      else if (one.event === 'done') kept.job = data;
      else if (one.event === 'output') kept.text += textOf(data);
    };
    const turn = async () => {
      try {
        const response = await send('GET', pathOf(id, '/events'),
          { signal: abort.signal, headers: after ? { 'Last-Event-ID': after } : {} });
        kept.error = null;
        kept.live = response.status === 200;
        draw();
        if (response.status === 204) return;
        for await (const one of events(response)) {
          take(one);
          draw();
          if (one.event === 'done') { kept.live = false; draw(); return; }
        }
      } catch (failure) {
        if (stopped || failure.name === 'AbortError') return;
        kept.error = failure;
        if (failure.status >= 400 && failure.status < 500 && failure.status !== 429) { kept.live = false; draw(); return; }
      }
      kept.live = false;
      draw();
      if (!stopped) timer = setTimeout(turn, 1500);
    };
    turn();
    return () => { stopped = true; clearTimeout(timer); clearTimeout(drawn); abort.abort(); };
  }, [id, run]);
  return log;
}

/** The text in an event of a chat's or a completion's stream; nothing in others. */
const textOf = (data) => data?.choices?.map((choice) => choice.delta?.content ?? choice.text ?? '').join('')
  ?? (typeof data?.delta === 'string' ? data.delta : '');

function Job({ id }) {
  const [run, setRun] = useState(0);
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState(null);
  const log = useEvents(id, run);
  const read = usePoll((signal) => get(pathOf(id), signal), log.job ? 0 : 2000, [id, run, log.job !== null]);
  const job = log.job ?? read.data;
  const isOver = job && !['queued', 'running'].includes(job.status);
  const retry = async () => {
    try {
      setError(null);
      await post(pathOf(id, '/retry'));
      setRun(run + 1);
    } catch (failure) {
      setError(failure);
    }
  };
  const notThere = read.error?.status === 404;
  return html`<${Page} title="Job" text=${html`<span class="mono long">${id}</span>`}
    actions=${html`<a class="button quiet" href="#/jobs">All jobs</a>
      ${job && !isOver && html`<button onClick=${() => setAsked(true)}>Cancel</button>`}
      ${job && ['failed', 'canceled', 'expired'].includes(job.status)
        && html`<button class="primary" onClick=${retry}>Run again</button>`}`}>
    <${Failure} error=${error ?? read.error ?? log.error} />
    ${notThere && html`<p class="muted">Jobs are kept for a day after their end. Another tenant’s jobs are not shown.</p>`}
    ${job && html`<div class="split job"><div>
      <${Card} title=${isOver ? 'Result' : 'So far'} actions=${html`<${Status} of=${job.status} />`}><${Result} job=${job} log=${log}
        isOver=${isOver} /><//></div><div>
      <${Card} title="Timeline" actions=${log.live && html`<${Badge} kind="info">live<//>`}><${Timeline} log=${log} job=${job} /><//>
      <${Card} title="About"><${About} job=${job} /><//></div></div>`}
    ${asked && html`<${Confirm} title="Cancel the job" text="It ends without a result. It can be run again later."
      action=${async () => (await send('DELETE', pathOf(id))).json()} onClose=${() => setAsked(false)} onDone=${read.refresh} />`}
  <//>`;
}

function Timeline({ log, job }) {
  const entries = log.entries;
  const began = entries[0] ? Date.parse(entries[0].at) : Date.parse(job.created_at);
  return html`<ol class="timeline" aria-live="polite">
    ${entries.map((one, at) => html`<li key=${at} class=${one.status}><${Status} of=${one.status} />
      <span class="small">${at === 0 ? 'submitted' : `after ${duration(Date.parse(one.at) - began)}`}
        ${one.attempt > 0 ? ` · attempt ${one.attempt}` : ''}</span> <span class="muted small"><${Time} at=${one.at} /></span></li>`)}
    ${log.job && entries[entries.length - 1]?.status !== log.job.status
      && html`<li class=${log.job.status}><${Status} of=${log.job.status} />
        <span class="small">after ${duration(Date.parse(log.job.finished_at) - began)}</span>
        <span class="muted small"><${Time} at=${log.job.finished_at} /></span></li>`}</ol>
    ${log.gap && html`<p class="muted small">Some events have expired; the result has not.</p>`}`;
}

function Result({ job, log, isOver }) {
  const progress = job.progress ?? log.progress;
  return html`<div class="stack">
    ${!isOver && progress
      && html`<div><div class="row-head"><span>${number(progress.done)}
        ${progress.total ? ` of ${number(progress.total)}` : ''} ${progress.unit}</span></div>
      ${progress.total ? html`<progress value=${progress.done} max=${progress.total} aria-label="Progress"></progress>` : ''}</div>`}
    ${!isOver && log.text && html`<${Output} title="The text so far" text=${log.text} grows=${true} />`}
    ${!isOver && !log.text && !progress
      && html`<p class="muted">
        ${job.status === 'queued' ? `It waits for a worker${job.position !== null ? `: ${number(job.position)} jobs are before it` : ''}.`
          : 'A worker runs it.'}</p>`}
    ${job.error && html`<div class="failure"><p class="long"><${Text}>${job.error.message}<//></p><p class="muted small">${job.error.code}
      ${job.error.retryable ? ' · may succeed later' : ''}</p></div>`}
    ${isOver && job.output && html`<${Shown} output=${job.output} />`}
    ${isOver && !job.output && !job.error && html`<p class="muted">It has no output.</p>`}
  </div>`;
}

const Output = ({ title, text, grows }) => html`<div><h3 class="label">${title}</h3><${LongText} text=${text} label=${title}
  grows=${grows} /></div>`;

function Shown({ output }) {
  const raw = JSON.stringify(output, null, 2);
  const texts = output.choices?.map((choice) => choice.message?.content ?? choice.text).filter((text) => typeof text === 'string') ?? [];
  const vectors = output.data?.filter?.((one) => Array.isArray(one.embedding)) ?? [];
  return html`<div class="stack">${texts
    .map((text, at) => html`<${Output} key=${at} title=${texts.length > 1 ? `Choice ${at + 1}` : 'Text'} text=${text} />`)}
    ${vectors.length > 0 && html`<p>
      ${number(vectors.length)} ${vectors.length === 1 ? 'vector' : 'vectors'} of ${number(vectors[0].embedding.length)} dimensions.</p>`}
    <details open=${texts.length === 0 && vectors.length === 0}><summary>JSON of the answer</summary><${LongText} text=${raw} most=${8000}
      label="JSON of the answer" /></details></div>`;
}

function About({ job }) {
  const usage = [['Tokens read', job.usage?.prompt_tokens], ['Tokens written', job.usage?.completion_tokens]]
    .filter(([, value]) => value !== undefined);
  const facts = [
    ['Model', html`<${Text}>${job.model}<//>`], ['Call', html`<code>${job.endpoint}</code>`], ['Lane', job.lane],
    ['Attempts', number(job.attempts)],
    ['Submitted', html`<time datetime=${job.created_at}>${new Date(job.created_at).toLocaleString()}</time>`],
    ['Waited', duration(job.timings.queue_ms)], ['Ran', duration(job.timings.run_ms)],
    ['Deadline', html`<time datetime=${job.deadline}>${new Date(job.deadline).toLocaleString()}</time>`],
    ...usage.map(([name, value]) => [name, number(value)]),
  ];
  if (job.trace_id) facts.push(['Trace', html`<span class="mono small long">${job.trace_id}</span> <${TraceLink} id=${job.trace_id} />`]);
  const metadata = Object.entries(job.metadata ?? {});
  return html`<dl class="list">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${metadata.length > 0
      && html`<h3 class="label">Metadata</h3><dl class="list">
        ${metadata.map(([name, value]) => html`<div key=${name}><dt><${Text}>${name}<//></dt><dd class="long"><${Text}>
          ${value}<//></dd></div>`)}</dl>`}`;
}
