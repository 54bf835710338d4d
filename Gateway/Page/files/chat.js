// A conversation with a language model, as it is said.

import { events, post, send, state } from './api.js';
import { Badge, duration, Failure, Field, html, LongText, number, TraceLink, useEffect, useRef, useState } from './ui.js';

const exampleSchema = `{
  "type": "object",
  "properties": {
    "summary": { "type": "string" },
    "sentiment": { "enum": ["positive", "neutral", "negative"] }
  },
  "required": ["summary", "sentiment"],
  "additionalProperties": false
}`;

/** The sampling settings; what is left empty is not sent, so that the model's own default holds. */
const settings = [
  { name: 'max_tokens', label: 'Max tokens', min: 1, step: 1 }, { name: 'temperature', label: 'Temperature', min: 0, max: 2, step: 0.1 },
  { name: 'top_p', label: 'Top P', min: 0, max: 1, step: 0.05 }, { name: 'top_k', label: 'Top K', min: 0, step: 1, workers: true },
  { name: 'min_p', label: 'Min P', min: 0, max: 1, step: 0.05, workers: true },
  { name: 'repetition_penalty', label: 'Repetition penalty', min: 0.1, max: 2, step: 0.05, workers: true },
  { name: 'frequency_penalty', label: 'Frequency penalty', min: -2, max: 2, step: 0.1 },
  { name: 'presence_penalty', label: 'Presence penalty', min: -2, max: 2, step: 0.1 },
  { name: 'seed', label: 'Seed', min: 0, step: 1 },
];

/** Conversations by model: they stay when the reader looks at another part of the page. */
const kept = new Map();
const fresh = () => ({
  turns: [], system: '', values: { max_tokens: '256' }, stop: '', useSchema: false, schema: exampleSchema, draft: '',
});

export function Chat({ model, onCode }) {
  const [chat, setChat] = useState(() => kept.get(model.id) ?? fresh());
  const [running, setRunning] = useState(null);
  const [error, setError] = useState(null);
  const latest = useRef(chat);
  const update = (next) => {
    latest.current = { ...latest.current, ...next };
    kept.set(model.id, latest.current);
    setChat(latest.current);
  };
  const abort = useRef(null);
  const end = useRef(null);
  const input = useRef(null);
  useEffect(() => () => abort.current?.abort(), []);
  useEffect(() => {
    const log = end.current;
    if (log && log.scrollHeight - log.scrollTop - log.clientHeight < 160) log.scrollTop = log.scrollHeight;
  }, [chat.turns, running]);

  const bodyOf = (turns, stream) => {
    const system = chat.system.trim() ? [{ role: 'system', content: chat.system }] : [];
    const body = { model: model.id, messages: [...system, ...turns.map(({ role, content }) => ({ role, content }))] };
    for (const { name, workers } of settings) {
      const value = chat.values[name];
      if (value !== undefined && value !== '' && (!workers || model.served_by === 'worker')) body[name] = Number(value);
    }
    const stops = chat.stop.split('\n').filter(Boolean);
    if (stops.length > 0) body.stop = stops;
    if (chat.useSchema) {
      const schema = JSON.parse(chat.schema);
      body.response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } };
    }
    if (stream) Object.assign(body, { stream: true, stream_options: { include_usage: true } });
    return body;
  };
  const attempt = (make) => {
    try {
      setError(null);
      return make();
    } catch (wrong) {
      setError(wrong instanceof SyntaxError ? new Error(`The JSON Schema is not JSON: ${wrong.message}`) : wrong);
      return null;
    }
  };
  const withDraft = () => (chat.draft.trim() ? [...chat.turns, { role: 'user', content: chat.draft }] : chat.turns);

  const ask = async (turns) => {
    const body = attempt(() => bodyOf(turns, true));
    if (!body) return;
    const isSchema = chat.useSchema;
    update({ turns, draft: '' });
    abort.current = new AbortController();
    const started = performance.now();
    const said = { role: 'assistant', content: '', first: null, tokens: 0, finish: null, requestId: null, isSchema };
    let timer = 0;
    // A screen needs no more than twenty pictures a second, however fast the model is; the last word is never left out.
    const draw = () => { timer ||= setTimeout(() => { timer = 0; setRunning({ ...said }); }, 50); };
    setRunning({ ...said });
    try {
      const response = await send('POST', '/v1/chat/completions', { body, signal: abort.current.signal });
      said.requestId = response.headers.get('x-request-id');
      for await (const one of events(response)) {
        if (one.data === '[DONE]') break;
        const chunk = JSON.parse(one.data);
        if (chunk.error) throw new Error(chunk.error.message ?? 'The stream broke.');
        if (chunk.usage) said.tokens = chunk.usage.completion_tokens;
        const choice = chunk.choices?.[0];
        if (!choice) continue;
        if (choice.delta?.content) {
          said.first ??= performance.now() - started;
          said.content += choice.delta.content;
          if (!chunk.usage) said.tokens += 1;
        }
        if (choice.finish_reason) said.finish = choice.finish_reason;
        draw();
      }
    } catch (failure) {
      if (failure.name === 'AbortError') said.finish = 'stopped';
      else { setError(failure); said.finish = 'failed'; }
    } finally {
      const total = performance.now() - started;
      abort.current = null;
      clearTimeout(timer);
      setRunning(null);
      if (said.content || said.finish === 'stop' || said.finish === 'length') {
        const isFast = said.first !== null && total > said.first && said.tokens > 1;
        const rate = isFast ? (1000 * (said.tokens - 1)) / (total - said.first) : null;
        update({ turns: [...turns, { ...said, total, rate }] });
      } else if (said.finish === 'failed' || said.finish === 'stopped') {
        update({ turns: turns.slice(0, -1), draft: latest.current.draft || turns[turns.length - 1].content });
      }
      input.current?.focus();
    }
  };
  const submit = (event) => { event.preventDefault(); if (chat.draft.trim() && !running) ask(withDraft()); };
  const regenerate = () => {
    const turns = [...chat.turns];
    while (turns.length > 0 && turns[turns.length - 1].role === 'assistant') turns.pop();
    if (turns.length > 0) ask(turns);
  };
  const runAsJob = async () => {
    const turns = withDraft();
    // A worker's model then says in the job's events what it has written so far.
    const body = turns.length > 0 && attempt(() => bodyOf(turns, model.served_by === 'worker'));
    if (!body) return;
    try {
      const job = await post('/v1/jobs', { endpoint: '/v1/chat/completions', body });
      location.hash = `#/jobs/${encodeURIComponent(job.id)}`;
    } catch (failure) {
      setError(failure);
    }
  };
  const showCode = () => {
    const turns = withDraft();
    const body = attempt(() => bodyOf(turns.length > 0 ? turns : [{ role: 'user', content: 'What is the sky?' }], true));
    if (body) { delete body.stream_options; onCode({ path: '/v1/chat/completions', body, hasKey: state.key !== '' }); }
  };

  return html`<div class="split">
    <section class="card chat" aria-label="Conversation">
      <div class="turns" ref=${end} role="log" aria-live="polite" aria-busy=${running ? 'true' : 'false'} tabindex="0"
        aria-label="Messages">
        ${chat.turns.length === 0 && !running
          && html`<div class="empty"><p class="empty-title">Say something</p>
            <p>The answer comes word by word. Enter sends, Shift and Enter make a new line.</p>
          <p class="actions center">
            ${['What is the sky?', 'Write a haiku about queues.', 'Explain a dead letter in one sentence.']
              .map((text) => html`<button key=${text} class="quiet" onClick=${() => ask([{ role: 'user', content: text }])}>
                ${text}</button>`)}</p></div>`}
        ${chat.turns.map((turn, at) => html`<${Turn} key=${at} turn=${turn} />`)}
        ${running && html`<${Turn} turn=${running} isRunning=${true} />`}
      </div>
      <${Failure} error=${error} />
      <form class="compose" onSubmit=${submit}>
        <label class="sr" for="draft">Message</label>
        <textarea id="draft" ref=${input} rows="2" placeholder="Message" value=${chat.draft}
          onInput=${(event) => update({ draft: event.target.value })}
          onKeyDown=${(event) => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event); }}></textarea>
        <div class="actions">
          ${running ? html`<button type="button" class="primary" onClick=${() => abort.current?.abort()}>Stop</button>`
            : html`<button type="submit" class="primary" disabled=${!chat.draft.trim()}>Send</button>`}
          <button type="button" disabled=${running || chat.turns.length === 0} onClick=${regenerate}>Regenerate</button>
          <button type="button" disabled=${running || withDraft().length === 0} onClick=${runAsJob}>Run as a job</button>
          <button type="button" onClick=${showCode}>Code</button>
          <button type="button" class="quiet" disabled=${running || chat.turns.length === 0}
            onClick=${() => { setError(null); update({ turns: [] }); }}>Clear</button>
        </div>
      </form>
    </section>
    <details class="card settings" open=${innerWidth > 900}><summary>Settings</summary>
      <${Field} label="System prompt"><textarea rows="3" value=${chat.system}
        onInput=${(event) => update({ system: event.target.value })}></textarea><//>
      <div class="fields">${settings.filter((one) => !one.workers || model.served_by === 'worker')
        .map(({ name, label, min, max, step }) => html`<${Field} key=${name} label=${label}>
        <input type="number" inputmode="decimal" placeholder="default" min=${min} max=${max} step=${step} value=${chat.values[name] ?? ''}
          onInput=${(event) => update({ values: { ...chat.values, [name]: event.target.value } })} /><//>`)}</div>
      <${Field} label="Stop at" hint="One text a line."><textarea rows="1" value=${chat.stop}
        onInput=${(event) => update({ stop: event.target.value })}></textarea><//>
      <label class="check"><input type="checkbox" checked=${chat.useSchema}
        onChange=${(event) => update({ useSchema: event.target.checked })} /> Answer in JSON that fits a schema</label>
      ${chat.useSchema && html`<${Field} label="JSON Schema"><textarea class="mono" rows="10" spellcheck="false" value=${chat.schema}
        onInput=${(event) => update({ schema: event.target.value })}></textarea><//>`}
    </details></div>`;
}

/** How an answer that is not whole ended. */
const ends = { length: 'cut at max tokens', stopped: 'stopped', failed: 'broken off' };

function Turn({ turn, isRunning }) {
  const isUser = turn.role === 'user';
  return html`<article class=${`turn ${isUser ? 'user' : 'model'}`} aria-label=${isUser ? 'You' : 'Model'}>
    ${isUser ? html`<${LongText} text=${turn.content} label="Your message" />` : html`<${Answer} turn=${turn} isRunning=${isRunning} />`}
    ${!isUser && html`<p class="muted small stats">${[
      turn.first !== null && `first token ${duration(turn.first)}`,
      !isRunning && turn.rate && `${number(Math.round(turn.rate * 10) / 10)} tokens/s`,
      turn.tokens > 0 && `${number(turn.tokens)} tokens`,
      !isRunning && duration(turn.total),
      turn.finish && ends[turn.finish],
    ].filter(Boolean).join(' · ')} ${turn.requestId && !isRunning && html`<${TraceLink} id=${turn.requestId} />`}</p>`}</article>`;
}

function Answer({ turn, isRunning }) {
  if (turn.content === '') {
    return isRunning ? html`<p class="muted typing">Waiting for the first word</p>` : html`<p class="muted">The model said nothing.</p>`;
  }
  if (turn.isSchema && !isRunning && turn.finish === 'stop') {
    try {
      return html`<div><${Badge} kind="good">fits the schema<//><${LongText} text=${JSON.stringify(JSON.parse(turn.content), null, 2)}
        label="Answer" /></div>`;
    } catch {
      // A model that is not held to the schema may say anything.
    }
  }
  return html`<${LongText} text=${turn.content} label="Answer" grows=${Boolean(isRunning)} />`;
}
