// What all parts of the page are made of.

import { cloneElement, h, render } from './vendor/preact.js';
import { useCallback, useEffect, useId, useRef, useState } from './vendor/hooks.js';
import htm from './vendor/htm.js';
import { ApiError, state, subscribe } from './api.js';

export const html = htm.bind(h);
export { render, useCallback, useEffect, useRef, useState };

export function useStore() {
  const [, redraw] = useState(0);
  useEffect(() => subscribe(() => redraw((n) => n + 1)), []);
  return state;
}

/**
 * Asks every few milliseconds, while the page can be seen. What was last known stays when an answer is an error, and the next one takes
 * its place: a Gateway that goes away and comes back needs nobody.
 */
export function usePoll(ask, pauseMs, inputs = []) {
  const [answer, setAnswer] = useState({ data: null, error: null });
  const again = useRef(() => {});
  useEffect(() => {
    let timer = 0;
    let stopped = false;
    const abort = new AbortController();
    const turn = async () => {
      clearTimeout(timer);
      if (stopped) return;
      if (!document.hidden) {
        try {
          const data = await ask(abort.signal);
          if (!stopped) setAnswer({ data, error: null });
        } catch (error) {
          if (stopped || error.name === 'AbortError') return;
          setAnswer((known) => ({ data: known.data, error }));
        }
      }
      clearTimeout(timer);
      if (!stopped && pauseMs > 0) timer = setTimeout(turn, pauseMs);
    };
    again.current = turn;
    const seen = () => { if (!document.hidden) turn(); };
    document.addEventListener('visibilitychange', seen);
    turn();
    return () => {
      stopped = true;
      clearTimeout(timer);
      abort.abort();
      document.removeEventListener('visibilitychange', seen);
    };
  }, inputs);
  return { ...answer, refresh: useCallback(() => again.current(), []) };
}

/** A text of somebody else's: its direction and its marks stay its own. */
export const Text = ({ children }) => html`<bdi class="other">${children}</bdi>`;

export const Badge = ({ kind = 'neutral', children }) => html`<span class=${`badge ${kind}`}>${children}</span>`;

const kinds = { queued: 'neutral', running: 'info', succeeded: 'good', failed: 'bad', canceled: 'warn', expired: 'warn', closed: 'good',
  half_open: 'warn', open: 'bad' };
export const Status = ({ of }) => html`<${Badge} kind=${kinds[of] ?? 'neutral'}>${of.replace('_', ' ')}<//>`;

export function Failure({ error, retry }) {
  if (!error) return null;
  const about = [error.status > 0 && `${error.status}`, error.code, error.requestId && `request ${error.requestId}`].filter(Boolean)
    .join(' · ');
  return html`<div class="failure" role="alert">
    <p class="long">${error instanceof ApiError ? error.message : String(error.message ?? error)}</p>
    ${about && html`<p class="muted small long">${about}${' '}${error.requestId && html`<${TraceLink} id=${error.requestId} />`}</p>`}
    ${retry && html`<button class="quiet" onClick=${retry}>Try again</button>`}
  </div>`;
}

/** Where a dashboard's address is configured, a trace has a link. */
export function TraceLink({ id }) {
  const url = state.caller?.trace_url;
  return url && /^[0-9a-f]{32}$/.test(id) ? html`<a href=${url.replace('{traceId}', id)} target="_blank" rel="noreferrer">trace</a>` : null;
}

export const Empty = ({ title, children }) => html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;

export const Code = ({ children }) => html`<pre class="code" tabindex="0"><code>${children}</code></pre>`;

export function Page({ title, text, actions, children }) {
  useEffect(() => { document.title = `${title} · AiPlatform`; }, [title]);
  return html`<div class="page">
    <header class="page-head"><div><h1>${title}</h1>${text && html`<p class="muted">${text}</p>`}</div><div class="actions">
      ${actions}</div></header>
    ${children}
  </div>`;
}

export const Card = ({ title, actions, children, ...rest }) => html`<section class="card" ...${rest}>
  ${(title || actions) && html`<header class="card-head">${title && html`<h2>${title}</h2>`}<div class="actions">${actions}</div></header>`}
  ${children}
</section>`;

export function Field({ label, hint, children, ...rest }) {
  const id = useId();
  const input = hint ? cloneElement(children, { 'aria-describedby': id }) : children;
  return html`<div class="field" ...${rest}><label class="field"><span class="label">${label}</span>${input}</label>
    ${hint && html`<span class="hint" id=${id}>${hint}</span>`}</div>`;
}

/** A window in the browser's own way: Escape closes it, and the focus stays inside. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    const one = dialog.current;
    const before = document.activeElement;
    one.showModal();
    return () => {
      one.close();
      before?.focus?.();
    };
  }, []);
  return html`<dialog ref=${dialog} aria-label=${title} onCancel=${(event) => { event.preventDefault(); onClose(); }}>
    <header class="card-head"><h2>${title}</h2><button class="quiet icon" aria-label="Close" onClick=${onClose}>✕</button></header>
    ${children}
  </dialog>`;
}

/** Asks back before something is done that others notice. */
export function Confirm({ title, text, action, onClose, onDone }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      onDone(await action());
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p class="long">${text}</p>
    <${Failure} error=${error} />
    <footer class="actions end"><button class="quiet" onClick=${onClose}>Cancel</button>
      <button class="primary" disabled=${busy} onClick=${run}>${title}</button></footer>
  <//>`;
}

export function CopyButton({ text }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers have no clipboard for pages without https; the selection still works.
      const area = document.createElement('textarea');
      area.value = text;
      (document.querySelector('dialog[open]') ?? document.body).append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return html`<button class="quiet" onClick=${copy}><span aria-live="polite">${done ? 'Copied' : 'Copy'}</span></button>`;
}

/** A long text is shown in part until the reader asks for all of it: its beginning or, while it grows, its end. */
export function LongText({ text, most = 20000, label = 'Text', grows = false }) {
  const [all, setAll] = useState(false);
  const shown = all || text.length <= most ? text : grows ? `…${text.slice(-most)}` : text.slice(0, most);
  return html`<div class="stack">
    <pre class="output" tabindex="0" aria-label=${label}>${shown.length > most + 1 ? partsOf(shown) : shown}</pre>
    ${shown.length < text.length
      && html`<button class="quiet" onClick=${() => setAll(true)}>Show all ${number(text.length)} characters</button>`}</div>`;
}

/** A very long text in pieces, of which a browser lays out only those that can be seen. */
const partsOf = (text) => (text.match(/[\s\S]{1,8000}/gu) ?? []).map((part, at) => html`<span class="part" key=${at}>${part}</span>`);

export function Segments({ label, value, options, onChange }) {
  return html`<div class="segments" role="group" aria-label=${label}>${options.map(([key, name]) => html`
    <button key=${key} aria-pressed=${value === key ? 'true' : 'false'} onClick=${() => onChange(key)}>${name}</button>`)}</div>`;
}

export const number = (value) => Number(value).toLocaleString('en-US', { maximumFractionDigits: 2 });

/** A time as people say it. */
export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min ${Math.round((ms % 60000) / 1000)} s`;
  if (ms < 172800000) return `${Math.floor(ms / 3600000)} h ${Math.round((ms % 3600000) / 60000)} min`;
  return `${Math.floor(ms / 86400000)} days`;
}

export function ago(time) {
  if (!time) return '–';
  const ms = Date.now() - Date.parse(time);
  return ms < 1500 ? 'just now' : `${duration(ms < 10000 ? Math.round(ms / 1000) * 1000 : ms).replace('.0', '')} ago`;
}

export const Time = ({ at }) => (at ? html`<time datetime=${at} title=${at}>${new Date(at).toLocaleTimeString()}</time>` : '–');

/** Paths of the page stand behind '#', so that every one of them is this one file. */
export function useRoute() {
  const parse = () => {
    const [path, query] = (location.hash.slice(1) || '/playground').split('?');
    return { parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query ?? '') };
  };
  const [route, setRoute] = useState(parse);
  useEffect(() => {
    const moved = () => setRoute(parse());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  return route;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
