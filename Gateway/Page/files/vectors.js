// Embeddings as a heat map of their similarity, and classifications as bars.

import { post, send, state } from './api.js';
import { Card, duration, Failure, Field, html, number, Text, useState } from './ui.js';

const mostTexts = 10;
const examples = ['The queue is full.', 'Too many jobs are waiting.', 'A cat sleeps in the sun.'];

function useCall() {
  const [result, setResult] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const run = async (path, body) => {
    setBusy(true);
    setError(null);
    const started = performance.now();
    try {
      const answer = await (await send('POST', path, { body })).json();
      setResult({ answer, body, took: performance.now() - started });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const asJob = async (endpoint, body) => {
    try {
      setError(null);
      location.hash = `#/jobs/${encodeURIComponent((await post('/v1/jobs', { endpoint, body })).id)}`;
    } catch (failure) {
      setError(failure);
    }
  };
  return { result, error, busy, run, asJob };
}

export function Embeddings({ model, onCode }) {
  const [texts, setTexts] = useState(examples);
  const { result, error, busy, run, asJob } = useCall();
  const path = '/v1/embeddings';
  const body = () => ({ model: model.id, input: texts.filter((text) => text !== '') });
  const isReady = texts.filter((text) => text !== '').length > 0;
  const submit = (event) => { event.preventDefault(); run(path, body()); };
  return html`<div class="split even"><${Card} title="Texts"><form onSubmit=${submit}>
      ${texts.map((text, at) => html`<div class="with-button" key=${at}><${Field} label=${`Text ${at + 1}`}><textarea rows="2" value=${text}
        onInput=${(event) => setTexts(texts.map((one, i) => (i === at ? event.target.value : one)))}></textarea><//>
        <button type="button" class="quiet icon" aria-label=${`Remove text ${at + 1}`} disabled=${texts.length <= 2}
          onClick=${() => setTexts(texts.filter((_, i) => i !== at))}>✕</button></div>`)}
      <div class="actions"><button type="submit" class="primary" disabled=${busy || !isReady}>${busy ? 'Comparing …' : 'Compare'}</button>
        <button type="button" disabled=${texts.length >= mostTexts} onClick=${() => setTexts([...texts, ''])}>Add a text</button>
        <button type="button" disabled=${!isReady} onClick=${() => asJob(path, body())}>Run as a job</button>
        <button type="button" disabled=${!isReady}
          onClick=${() => onCode({ path, body: body(), hasKey: state.key !== '' })}>Code</button></div>
      <${Failure} error=${error} /></form><//>
    <${Card} title="Similarity">
      ${result ? html`<${HeatMap} result=${result} />`
        : html`<div class="empty"><p class="empty-title">Nothing compared yet</p>
          <p>Each text becomes a vector. The closer the meanings, the closer the vectors: 1 is the same direction.</p></div>`}<//></div>`;
}

function HeatMap({ result }) {
  const vectors = [...result.answer.data].sort((one, other) => one.index - other.index).map((one) => one.embedding);
  const texts = result.body.input;
  const similarity = vectors.map((one) => vectors.map((other) => cosine(one, other)));
  const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
  return html`<div><div class="scroll" tabindex="0" role="region" aria-label="Similarity of the texts"><table class="heat"><caption
    class="sr">Cosine similarity of each pair of texts</caption>
      <thead><tr><td></td>${texts.map((_, at) => html`<th scope="col" key=${at}>${at + 1}</th>`)}</tr></thead>
      <tbody>${similarity.map(
        (row, at) => html`<tr key=${at}><th scope="row"><span class="muted">${at + 1}</span> <${Text}>${short(texts[at])}<//></th>
        ${row.map((value, to) => html`<td key=${to} style=${{ '--heat': Math.max(0, Math.min(1, value)).toFixed(3) }}>
          ${value.toFixed(2)}</td>`)}</tr>`)}</tbody></table></div>
    <p class="muted small">
      ${number(vectors[0]?.length ?? 0)} dimensions · ${number(result.answer.usage?.total_tokens ?? 0)} tokens · ${duration(result.took)}
        </p></div>`;
}

function cosine(one, other) {
  let dot = 0;
  let a = 0;
  let b = 0;
  for (let i = 0; i < one.length; i++) {
    dot += one[i] * other[i];
    a += one[i] * one[i];
    b += other[i] * other[i];
  }
  return a > 0 && b > 0 ? dot / Math.sqrt(a * b) : 0;
}

export function Classification({ model, onCode }) {
  const [text, setText] = useState('Everything worked, and quickly.');
  const [second, setSecond] = useState('');
  const [top, setTop] = useState('5');
  const { result, error, busy, run, asJob } = useCall();
  const path = '/v1/classify';
  const body = () => ({ model: model.id, input: second ? [[text, second]] : text,
    ...(top && { top_n: Math.min(Number(top), model.labels ?? Number(top)) }) });
  const submit = (event) => { event.preventDefault(); run(path, body()); };
  return html`<div class="split even"><${Card} title="Text"><form onSubmit=${submit}>
      <${Field} label="Text"><textarea rows="4" value=${text} onInput=${(event) => setText(event.target.value)}></textarea><//>
      <${Field} label="Second text" hint="For models of pairs, such as rerankers. Leave it empty for others."><textarea rows="2"
        value=${second} onInput=${(event) => setSecond(event.target.value)}></textarea><//>
      <${Field} label="Most labels"><input type="number" min="1" step="1" value=${top}
        onInput=${(event) => setTop(event.target.value)} /><//>
      <div class="actions"><button type="submit" class="primary" disabled=${busy || !text}>${busy ? 'Classifying …' : 'Classify'}</button>
        <button type="button" disabled=${!text} onClick=${() => asJob(path, body())}>Run as a job</button>
        <button type="button" disabled=${!text}
          onClick=${() => onCode({ path, body: body(), hasKey: state.key !== '' })}>Code</button></div>
      <${Failure} error=${error} /></form><//>
    <${Card} title="Labels">
      ${result ? html`<div>
        ${result.answer.data[0].scores.map((one) => html`<div class="score" key=${one.label}><span><${Text}>${one.label}<//></span>
        <span class="bar" aria-hidden="true"><span style=${{ width: `${100 * one.score}%` }}></span></span><span class="num">
          ${(100 * one.score).toFixed(1)} %</span></div>`)}
      <p class="muted small">${number(result.answer.usage?.total_tokens ?? 0)} tokens · ${duration(result.took)}</p></div>`
        : html`<div class="empty"><p class="empty-title">Nothing classified yet</p>
          <p>Each label gets a score from 0 to 100 %, the likeliest first.</p></div>`}<//></div>`;
}
