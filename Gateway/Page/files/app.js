// The frame around all parts: navigation, the caller's key, and whether the Gateway answers.

import { change, get, identify, setKey, state } from './api.js';
import { Code, Field, html, Page, render, useEffect, usePoll, useRoute, useState, useStore } from './ui.js';
import { Playground } from './playground.js';
import { Jobs } from './jobs.js';
import { Queues, useQueueSamples } from './queues.js';
import { Models } from './models.js';
import { Usage } from './usage.js';

const parts = [
  { path: 'playground', name: 'Playground', icon: '◇', view: Playground },
  { path: 'jobs', name: 'Jobs', icon: '≡', view: Jobs },
  { path: 'queues', name: 'Queues', icon: '▤', view: Queues, operators: true },
  { path: 'models', name: 'Models', icon: '⬡', view: Models },
  { path: 'usage', name: 'Usage', icon: '◔', view: Usage },
];

function App() {
  const { caller, needsKey, away } = useStore();
  const route = useRoute();
  useEffect(() => {
    let timer = 0;
    let stopped = false;
    // Once the caller is known, this only looks whether the Gateway is there, and whether it is another version.
    const turn = async () => {
      if (!state.needsKey && (!state.caller || state.away || state.wasAway)) {
        const known = await identify();
        if (known && state.wasAway) setTimeout(() => change({ wasAway: false }), 4000);
      }
      if (!stopped) timer = setTimeout(turn, state.caller ? 3000 : 1000);
    };
    turn();
    return () => { stopped = true; clearTimeout(timer); };
  }, []);
  useQueueSamples(caller?.role === 'operator');

  const known = parts.filter((part) => !part.operators || caller?.role === 'operator');
  const part = known.find((one) => one.path === route.parts[0]) ?? (route.parts.length === 0 ? known[0] : null);
  return html`
    <a class="skip" href="#main"
      onClick=${(event) => { event.preventDefault(); document.getElementById('main').focus(); }}>Skip to the content</a>
    <aside class="side">
      <a class="brand" href="#/playground"><img src="/favicon.svg" alt="" width="28" height="28" /><span>AiPlatform</span></a>
      <nav aria-label="Parts of the page">${(needsKey ? [] : known).map((one) => html`
        <a key=${one.path} href=${`#/${one.path}`} aria-current=${one === part ? 'page' : undefined}>
          <span class="nav-icon" aria-hidden="true">${one.icon}</span>${one.name}</a>`)}
      </nav>
      <${Who} />
    </aside>
    <main id="main" tabindex="-1">
      <${Notice} />
      ${needsKey ? html`<${KeyForm} />`
        : !caller ? html`<p class="boot">${away ? 'Waiting for the Gateway …' : 'Loading …'}</p>`
        : part ? html`<${part.view} key=${part.path} route=${route} />`
        : html`<${Page} title="Not here"><p>
          ${route.parts[0] === 'queues' ? 'Queues are for operators, and this key is a user’s.' : 'There is no such part of the page.'}
          </p><//>`}
    </main>`;
}

function Notice() {
  const { away, wasAway, newVersion } = useStore();
  const text = away ? 'The Gateway does not answer. This page tries again every few seconds, and goes on when it is back.'
    : wasAway ? 'The Gateway is back.'
    : newVersion ? 'The Gateway is another version now. Reload the page to see it.' : null;
  return html`<div role="status" aria-live="polite" class="notices">
    ${text && html`<p class=${`notice ${away ? 'bad' : wasAway ? 'good' : 'info'}`}>${text}</p>`}</div>`;
}

function Who() {
  const { caller, key, version } = useStore();
  return html`<div class="who">
    ${caller && html`<div><span class="small muted">${caller.has_keys ? 'Signed in as' : 'No keys configured'}</span>
      <div class="who-name"><bdi class="other">${caller.tenant}</bdi> <span class="small muted">${caller.role}</span></div></div>`}
    ${key && html`<button class="quiet small" onClick=${() => setKey('')}>Forget the key</button>`}
    <div class="small side-links"><a href="/docs/">API reference</a>
      ${version && html`<span class="muted" title=${version}>${version.split('+')[0]}</span>`}</div>
  </div>`;
}

function KeyForm() {
  const { key } = useStore();
  const [typed, setTyped] = useState('');
  const [wrong] = useState(key !== '');
  const enter = (event) => {
    event.preventDefault();
    setKey(typed.trim());
  };
  return html`<${Page} title="API key" text="This Gateway lets callers in by their key.">
    <section class="card narrow">
      ${wrong && html`<p class="failure" role="alert">The Gateway does not know this key, or it has expired.</p>`}
      <form onSubmit=${enter}>
        <${Field} label="API key" hint="It is kept in this tab only, until the tab is closed.">
          <input type="password" autocomplete="off" required value=${typed} onInput=${(event) => setTyped(event.target.value)} /><//>
        <button class="primary" type="submit">Continue</button>
      </form>
    </section>
    <section class="card narrow"><h2>No key yet?</h2>
      <p>Who runs the Gateway makes one. Only its hash is configured:</p>
      <${Code}>${'key=$(openssl rand -hex 32)\nprintf %s "$key" | sha256sum'}<//>
      <${Code}>${'ApiKeys__me__Sha256=THE_HASH\nApiKeys__me__Role=operator'}<//>
      <p class="muted">A user sees its own jobs and usage. An operator sees the queues, the workers and everybody’s usage as well.</p>
    </section>
  <//>`;
}

addEventListener('unhandledrejection', (event) => { if (event.reason?.name === 'AbortError') event.preventDefault(); });
const root = document.getElementById('app');
root.textContent = '';
render(html`<${App} />`, root);
