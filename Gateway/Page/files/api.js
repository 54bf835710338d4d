// The public API, as any client of it: the caller's key, errors as the Gateway words them, server-sent events.

const keyName = 'aiplatform.key';
const listeners = new Set();

/** What all parts of the page know: who the caller is, and whether the Gateway answers. */
export const state = { key: read(), caller: null, needsKey: false, away: false, wasAway: false, version: null, newVersion: false };

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function change(next) {
  Object.assign(state, next);
  for (const listener of [...listeners]) listener();
}

export function setKey(key) {
  try {
    if (key) sessionStorage.setItem(keyName, key);
    else sessionStorage.removeItem(keyName);
  } catch {
    // Without storage the key lasts until the page is left.
  }
  change({ key, caller: null, needsKey: false });
}

function read() {
  try {
    return sessionStorage.getItem(keyName) ?? '';
  } catch {
    return '';
  }
}

/** An answer that is an error, in either dialect; status 0 is no answer at all. */
export class ApiError extends Error {
  constructor(status, message, code, requestId) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

export async function send(method, path, { body, signal, headers } = {}) {
  const all = { ...headers };
  if (state.key) all.Authorization = `Bearer ${state.key}`;
  if (body !== undefined) all['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path,
      { method, headers: all, signal, cache: 'no-store', body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (failure) {
    if (failure.name === 'AbortError') throw failure;
    if (!state.away) change({ away: true });
    throw new ApiError(0, 'The Gateway does not answer.', 'unreachable', null);
  }
  if (state.away) change({ away: false, wasAway: true });
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response) {
  let said = null;
  try {
    said = await response.json();
  } catch {
    // A proxy's page, say.
  }
  const error = said?.error ?? said ?? {};
  const message = error.message ?? error.detail ?? `The answer has the status ${response.status}.`;
  if (response.status === 401) change({ needsKey: true });
  return new ApiError(response.status, String(message), error.code ?? null, response.headers.get('x-request-id'));
}

export async function get(path, signal) {
  return (await send('GET', path, { signal })).json();
}

export async function post(path, body, signal) {
  return (await send('POST', path, { body, signal })).json();
}

/** Reads server-sent events as they come: `{ id, event, data }`. A stream without an end is cut off by `signal`. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let one = { id: null, event: 'message', data: [] };
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (one.data.length > 0) yield { ...one, data: one.data.join('\n') };
          one = { id: one.id, event: 'message', data: [] };
        } else if (line.startsWith('data:')) one.data.push(line.slice(line[5] === ' ' ? 6 : 5));
        else if (line.startsWith('event:')) one.event = line.slice(6).trim();
        else if (line.startsWith('id:')) one.id = line.slice(3).trim();
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Who the caller is. Without an answer that is asked again until there is one. */
export async function identify() {
  try {
    const [caller, version] = await Promise.all([get('/v1/caller'), get('/version')]);
    const newVersion = state.version !== null && state.version !== version.version;
    change({ caller, needsKey: false, version: state.version ?? version.version, newVersion });
    return true;
  } catch (failure) {
    if (failure.status === 401) {
      change({ caller: null, needsKey: true });
      return true;
    }
    return false;
  }
}
