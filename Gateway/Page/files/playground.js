// Try every model: the part for its task, and the same call as code.

import { get } from './api.js';
import { Badge, Card, CopyButton, Dialog, Code, Failure, Field, html, number, Page, Segments, Text, usePoll, useState } from './ui.js';
import { NoModel, NoProvider } from './models.js';
import { Chat } from './chat.js';
import { Classification, Embeddings } from './vectors.js';
import { languages, snippet } from './snippets.js';

const tasks = { 'text-generation': 'chat', embedding: 'embeddings', 'text-classification': 'classify' };
const names = { chat: 'Chat', embeddings: 'Embeddings', classify: 'Classification' };

export function Playground({ route }) {
  const answer = usePoll((signal) => get('/v1/models', signal), 5000);
  const models = answer.data?.data ?? [];
  const asked = route.query.get('model');
  const [wanted, setWanted] = useState('chat');
  const [code, setCode] = useState(null);
  // A model that was asked for by name may come later: what is typed meanwhile must not be for another one.
  const model = asked ? models.find((one) => one.id === asked)
    : models.find((one) => one.task === 'text-generation' && one.available !== false) ?? models[0];
  const task = model && (tasks[model.task] ?? wanted);
  const choose = (id) => { location.hash = `#/playground?model=${encodeURIComponent(id)}`; };
  return html`<${Page} title="Playground" text="Ask any model, and take the call with you as code.">
    <${Failure} error=${answer.error} retry=${answer.refresh} />
    ${answer.data && models.length === 0 && html`<div class="grid"><${Card}><${NoModel} /><//><${Card}><${NoProvider} /><//></div>`}
    ${models.length > 0 && !model && html`<${Card}><div class="empty"><p class="empty-title"><${Text}>${asked}<//> is not served</p>
      <p>It appears here as soon as a worker or a provider serves it.</p><p><a href="#/playground">Try another model</a></p></div><//>`}
    ${model && html`
      <section class="card picker"><${Field} label="Model"><select value=${model.id} onChange=${(event) => choose(event.target.value)}>
          ${[['worker', 'Workers’ models'], ['provider', 'Providers’ models']]
            .map(([kind, label]) => models.some((one) => one.served_by === kind) && html`
            <optgroup key=${kind} label=${label}>
              ${models.filter((one) => one.served_by === kind).map((one) => html`<option key=${one.id} value=${one.id}>${one.id}</option>`)}
                </optgroup>`)}
        </select><//>
        <div class="chips"><${About} model=${model} /></div>
        ${!tasks[model.task] && html`<${Segments} label="Kind of call" value=${wanted}
          options=${['chat', 'embeddings'].map((one) => [one, names[one]])} onChange=${setWanted} />`}
      </section>
      ${task === 'chat' ? html`<${Chat} key=${model.id} model=${model} onCode=${setCode} />`
        : task === 'embeddings' ? html`<${Embeddings} key=${model.id} model=${model} onCode=${setCode} />`
        : html`<${Classification} key=${model.id} model=${model} onCode=${setCode} />`}`}
    ${code && html`<${CodeDialog} call=${code} onClose=${() => setCode(null)} />`}
  <//>`;
}

function About({ model }) {
  const chips = [
    model.task && ['Task', model.task], model.devices?.length > 0 && ['Device', model.devices.join(', ')],
    model.max_model_len && ['Context', `${number(model.max_model_len)} tokens`], model.dimensions
      && ['Vectors', `${number(model.dimensions)} dimensions`],
    model.labels && ['Labels', number(model.labels)], model.served_by === 'provider' && ['Provider', model.owned_by],
  ].filter(Boolean);
  return html`${chips.map(
    ([name, value]) => html`<span class="chip" key=${name}><span class="muted">${name}</span> <${Text}>${value}<//></span>`)}
    ${model.available === false && html`<${Badge} kind="warn">no worker serves it: jobs wait for one<//>`}`;
}

function CodeDialog({ call, onClose }) {
  const [language, setLanguage] = useState('curl');
  const text = snippet(language, call);
  return html`<${Dialog} title="The same call as code" onClose=${onClose}>
    <div class="row-head wrap"><${Segments} label="Language" value=${language} options=${languages} onChange=${setLanguage} /><${CopyButton}
      text=${text} /></div>
    <${Code}>${text}<//>
    <p class="muted small">${call.hasKey ? 'The key is not part of it: set AIPLATFORM_KEY to yours.' : 'This Gateway needs no key.'}</p>
  <//>`;
}
