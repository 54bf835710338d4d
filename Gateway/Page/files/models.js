// What is served, where, and what is not, and why.

import { get } from './api.js';
import { ago, Badge, Card, Code, duration, Empty, Failure, html, number, Page, Status, Text, usePoll, useStore } from './ui.js';

export function Models() {
  const { caller } = useStore();
  const isOperator = caller.role === 'operator';
  const models = usePoll((signal) => get('/v1/models', signal), 3000);
  const workers = usePoll((signal) => (isOperator ? get('/v1/workers', signal) : Promise.resolve(null)), 3000);
  const providers = usePoll((signal) => (isOperator ? get('/v1/providers', signal) : Promise.resolve(null)), 3000);
  return html`<${Page} title="Models" text="What can be called, and what runs it.">
    <${Failure} error=${models.error} retry=${models.refresh} />
    ${models.data && html`<${ModelTable} models=${models.data.data} isOperator=${isOperator} />`}
    ${models.data?.failures.length > 0 && html`<${Failures} failures=${models.data.failures} />`}
    ${isOperator && html`<${Workers} answer=${workers} />`}
    ${isOperator && html`<${Providers} answer=${providers} />`}
  <//>`;
}

export const NoModel = () => html`<${Empty} title="No model is served yet">
  <p>An InferenceWorker loads the models of the folder <code>models</code>. This starts Redis, a worker and a Gateway:</p>
    <${Code}>./ai up<//>
  <p class="muted">On another machine, a worker needs the address of the same Redis:</p>
  <${Code}>ConnectionStrings__redis=HOST:6379 dotnet run -c Release --project InferenceWorker<//><//>`;

const providerSettings = [
  'Providers__openai__BaseUrl=https://api.openai.com/v1', 'Providers__openai__ApiKey=$OPENAI_API_KEY', 'Models__gpt__Provider=openai',
  'Models__gpt__UpstreamModel=gpt-4o-mini',
];

export const NoProvider = () => html`<${Empty} title="No provider is configured">
  <p>Models of OpenAI, Azure OpenAI, vLLM, Ollama or llama.cpp are called through this Gateway, too. Four settings make the first one:</p>
  <${Code}>${providerSettings.join('\n')}<//><//>`;

function ModelTable({ models, isOperator }) {
  if (models.length === 0) return html`<${Card}><${NoModel} /><//>`;
  return html`<${Card} title="Models"><div class="scroll" tabindex="0" role="region" aria-label="Models"><table>
    <thead><tr><th scope="col">Model</th><th scope="col">Task</th><th scope="col">Runs on</th><th scope="col" class="num">Tokens</th>
      <th scope="col" class="num">Workers</th>${isOperator && html`<th scope="col" class="num">Running</th>`}<th
        scope="col">State</th></tr></thead>
    <tbody>${models.map((model) => html`<tr key=${model.id}>
      <td><a href=${`#/playground?model=${encodeURIComponent(model.id)}`}><${Text}>${model.id}<//></a><div class="muted small"><${Text}>
        ${model.owned_by}<//></div></td>
      <td>${model.task ?? html`<span class="muted">provider’s</span>`}</td>
      <td>${model.served_by === 'provider' ? html`<${Text}>${model.owned_by}<//>` : model.devices?.join(', ') || '–'}</td>
      <td class="num">${model.max_model_len ? number(model.max_model_len) : '–'}</td>
      <td class="num">${model.workers ?? '–'}</td>
      ${isOperator && html`<td class="num">
        ${model.running === undefined ? '–' : `${number(model.running)} / ${number(model.capacity)}`}</td>`}
      <td>${model.available === false ? html`<${Badge} kind="warn">no worker<//>` : html`<${Badge} kind="good">served<//>`}</td></tr>`)}
        </tbody></table></div><//>`;
}

const Failures = ({ failures }) => html`<${Card} title="Could not be loaded"><ul class="plain">${failures.map((one) => html`
  <li class="row-block" key=${`${one.folder} ${one.reason}`}><strong><${Text}>${one.folder}<//></strong> <${Badge} kind="bad">not loaded<//>
    <p class="long"><${Text}>${one.reason}<//></p></li>`)}</ul>
  <p class="muted small"><code>./ai doctor</code> checks every model’s files.</p><//>`;

function Workers({ answer }) {
  const workers = answer.data?.data;
  return html`<${Card} title="Workers"><${Failure} error=${answer.error} />
    ${workers?.length === 0
      && html`<${Empty} title="No worker lives"><p>Jobs wait until one comes. This starts one beside what runs already:</p>
      <${Code}>dotnet run -c Release --project InferenceWorker<//><//>`}
    ${workers?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Workers"><table>
      <thead><tr><th scope="col">Worker</th><th scope="col">Device</th><th scope="col">Models</th><th scope="col" class="num">Running</th>
        <th scope="col">Up for</th><th scope="col">Heartbeat</th></tr></thead>
      <tbody>${workers.map((one) => html`<tr key=${one.name}>
        <td><${Text}>${one.host}<//><div class="muted small">process ${one.process_id}</div></td><td><${Text}>${one.device}<//></td>
        <td>${one.models.map((model) => html`<div key=${model.model}><${Text}>${model.model}<//></div>`)}
          ${one.failures.length > 0 && html`<${Badge} kind="bad">${one.failures.length} not loaded<//>`}</td>
        <td class="num">${number(one.running)} / ${number(one.capacity)}</td>
        <td>${duration(Date.now() - Date.parse(one.started_at))}</td><td>${ago(one.last_heartbeat)}</td></tr>`)}</tbody></table></div>`}
          <//>`;
}

function Providers({ answer }) {
  const providers = answer.data?.data;
  return html`<${Card} title="Providers"><${Failure} error=${answer.error} />
    ${providers?.length === 0 && html`<${NoProvider} />`}
    <ul class="plain">${providers?.map((one) => html`<li class="row-block" key=${one.name}>
      <div class="row-head"><strong><${Text}>${one.name}<//></strong><span>breaker <${Status} of=${one.breaker} /></span><span
        class="muted">${number(one.calls)} of ${number(one.max_calls)} calls in flight</span></div>
      <p class="muted small long"><${Text}>${one.base_url}<//></p>
      <p>${one.models.map((model) => html`<span class="chip" key=${model.model}><${Text}>${model.model}<//>
        ${model.upstream_model !== model.model && html` <span class="muted">→ <${Text}>${model.upstream_model}<//></span>`}</span>`)}</p>
      ${one.failures.length === 0 ? html`<p class="muted small">No attempt failed of late.</p>`
        : html`<ul class="log" aria-label="Last failures">
          ${one.failures.map((failure, at) => html`<li key=${at}><time datetime=${failure.at}>${ago(failure.at)}</time> <code>
            ${failure.reason}</code> <${Text}>${failure.model}<//></li>`)}</ul>`}
      </li>`)}</ul><//>`;
}
