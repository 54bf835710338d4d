// What was used, by day, tenant and model.

import { get } from './api.js';
import { Card, Empty, Failure, Field, html, number, Page, Segments, Text, usePoll, useState } from './ui.js';
import { Chart } from './chart.js';

const dayOf = (time) => new Date(time).toISOString().slice(0, 10);
const dayMs = 86400000;
const colors = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5'];
const measures = { requests: (one) => one.requests, tokens: (one) => one.input_tokens + one.output_tokens };

export function Usage() {
  const [from, setFrom] = useState(() => dayOf(Date.now() - 13 * dayMs));
  const [to, setTo] = useState(() => dayOf(Date.now()));
  const [measure, setMeasure] = useState('tokens');
  const [group, setGroup] = useState('model');
  const answer = usePoll((signal) => get(`/v1/usage?${new URLSearchParams({ ...(from && { from }), ...(to && { to }) })}`, signal), 10000,
    [from, to]);
  const rows = answer.data?.data ?? [];
  return html`<${Page} title="Usage" text="Calls and tokens of each day (UTC), by tenant and model."
    actions=${html`<button disabled=${rows.length === 0} onClick=${() => download(rows, from, to)}>Download CSV</button>`}>
    <section class="card"><div class="filters">
        <${Field} label="From"><input type="date" value=${from} max=${to} onChange=${(event) => setFrom(event.target.value)} /><//>
        <${Field} label="To"><input type="date" value=${to} onChange=${(event) => setTo(event.target.value)} /><//>
        <${Segments} label="What" value=${measure} options=${[['tokens', 'Tokens'], ['requests', 'Calls']]} onChange=${setMeasure} />
        <${Segments} label="By" value=${group} options=${[['model', 'By model'], ['tenant', 'By tenant']]} onChange=${setGroup} /></div>
      <${Failure} error=${answer.error} retry=${answer.refresh} />
      ${answer.data && rows.length === 0
        && html`<${Empty} title="Nothing was used in these days">
          <p>Every call that ends is counted here, with the tokens that it read and wrote. Try one in the <a
            href="#/playground">playground</a>.</p><//>`}
      ${rows.length > 0 && html`<${ByDay} rows=${rows} from=${from} to=${to} measure=${measure} group=${group} />`}</section>
    ${rows.length > 0 && html`<${Card} title="In these days"><${Totals} rows=${rows} currency=${answer.data.currency} /><//>`}
    <${Limits} /><//>`;
}

/** Bars that stand on each other: the highest sum is drawn first, and the smaller ones before it. */
function ByDay({ rows, from, to, measure, group }) {
  const names = [...new Set(rows.map((one) => one[group]))];
  const sums = names.map((name) => [name, rows.filter((one) => one[group] === name).reduce((sum, one) => sum + measures[measure](one), 0)])
    .sort((one, other) => other[1] - one[1]);
  const shown = sums.slice(0, colors.length - (sums.length > colors.length ? 1 : 0)).map(([name]) => name);
  const days = [];
  const last = Date.parse(to || dayOf(Date.now()));
  for (let at = Date.parse(from || rows[0].date); at <= last && days.length < 366; at += dayMs) days.push(dayOf(at));
  const labels = sums.length > shown.length ? [...shown, 'others'] : shown;
  const isOf = (row, name) => (name === 'others' && !shown.includes(name) ? !shown.includes(row[group]) : row[group] === name);
  const values = labels.map((name) => days.map((day) => rows.filter((one) => one.date === day && isOf(one, name))
    .reduce((sum, one) => sum + measures[measure](one), 0)));
  const stacked = values.map((_, at) => days.map((_, day) => values.slice(at).reduce((sum, one) => sum + one[day], 0) || null));
  return html`<div><${Chart} days data=${[days.map((day) => Date.parse(day) / 1000), ...stacked]}
    series=${labels.map((label, at) => ({ label, color: colors[at], bars: true }))}
      label=${`${measure === 'tokens' ? 'Tokens' : 'Calls'} of each day by ${group}; the table below has the sums`} height=${240} />
    <ul class="legend">${labels
      .map((label, at) => html`<li key=${label}><span class=${`dot s${at + 1}`} aria-hidden="true"></span><${Text}>${label}<//></li>`)}</ul>
        </div>`;
}

/** The caller's limits, where it has any. */
function Limits() {
  const rows = usePoll((signal) => get('/v1/limits', signal), 10000, []).data?.data ?? [];
  return rows.length > 0 && html`<${Card} title="Your limits"><div class="scroll" tabindex="0" role="region" aria-label="Limits"><table>
    <thead><tr><th scope="col">Limit</th><th scope="col" class="num">Most</th><th scope="col" class="num">Left</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr key=${one.name}><td>${one.name}</td><td class="num">${number(one.limit)}</td>
      <td class=${`num ${one.remaining === 0 ? 'bad-text' : ''}`}>${number(one.remaining)}</td></tr>`)}</tbody></table></div><//>`;
}

const money = (amount) => amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: amount < 1 ? 6 : 2 });

function Totals({ rows, currency }) {
  const hasCost = rows.some((one) => one.cost !== null);
  const sums = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.tenant, row.model]);
    const sum = sums.get(key) ?? {
      tenant: row.tenant, model: row.model, requests: 0, failed: 0, input_tokens: 0, output_tokens: 0, estimated_tokens: 0, cost: null,
    };
    for (const name of ['requests', 'failed', 'input_tokens', 'output_tokens', 'estimated_tokens']) sum[name] += row[name];
    if (row.cost !== null) sum.cost += row.cost;
    sums.set(key, sum);
  }
  const most = [...sums.values()].sort((one, other) => other.requests - one.requests);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Sums"><table>
    <thead><tr><th scope="col">Model</th><th scope="col">Tenant</th><th scope="col" class="num">Calls</th>
      <th scope="col" class="num">Failed</th><th scope="col" class="num">Tokens in</th><th scope="col" class="num">Tokens out</th>
      ${hasCost && html`<th scope="col" class="num">Cost (<${Text}>${currency}<//>)</th>`}</tr></thead>
    <tbody>${most.map((one) => html`<tr key=${JSON.stringify([one.tenant, one.model])}>
      <td><${Text}>${one.model}<//></td><td><${Text}>${one.tenant}<//></td>
      <td class="num">${number(one.requests)}</td><td class=${`num ${one.failed > 0 ? 'bad-text' : ''}`}>${number(one.failed)}</td>
      <td class="num">${number(one.input_tokens)}</td><td class="num">${number(one.output_tokens)}</td>
      ${hasCost && html`<td class="num">${one.cost === null ? '–' : money(one.cost)}</td>`}</tr>`)}</tbody></table></div>`;
}

/** A name that begins like a formula gets a quote before it, or a spreadsheet would run it. */
function cell(value) {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function download(rows, from, to) {
  const columns = ['date', 'tenant', 'model', 'requests', 'failed', 'input_tokens', 'output_tokens', 'estimated_tokens', 'cost'];
  const text = [columns.join(','), ...rows.map((row) => columns.map((name) => cell(row[name] ?? '')).join(','))].join('\r\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: 'text/csv' }));
  link.download = `usage-${from}-${to}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
