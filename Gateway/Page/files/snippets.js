// The call that the playground makes, as code. Whatever a text has in it, it stays a text: quotes are escaped as the language wants it,
// and marks that cannot be seen are written as numbers.

export const languages = [['curl', 'curl'], ['csharp', 'C#'], ['python', 'Python'], ['javascript', 'JavaScript']];

const unseen = new RegExp([
  /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]/,
  // Half of a surrogate pair without the other one.
  /[\ud800-\udbff](?![\udc00-\udfff])/, /(?<![\ud800-\udbff])[\udc00-\udfff]/,
].map((one) => one.source).join('|'), 'g');
const visible = (json) => json.replace(unseen, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
const json = (value, indent) => visible(JSON.stringify(value, null, indent));
const pythonOf = (value) => json(value)
  .replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g, (one) => ({ true: 'True', false: 'False', null: 'None' })[one] ?? one);

/** Lines of code; what is no text is left out. */
const lines = (...all) => all.flat().filter((line) => typeof line === 'string').join('\n');

/** @param call { path, body, hasKey } */
export function snippet(language, call) {
  return { curl, csharp, python, javascript }[language](call, location.origin);
}

const curl = ({ path, body, hasKey }, origin) => lines(
  `curl ${body.stream ? '-sN' : '-s'} ${origin}${path} \\`,
  hasKey && '  -H "Authorization: Bearer $AIPLATFORM_KEY" \\',
  "  -H 'Content-Type: application/json' \\",
  `  -d '${json(body).replaceAll("'", "'\\''")}'`);

const pythonsOwn = new Set(
  ['temperature', 'top_p', 'max_tokens', 'seed', 'stop', 'frequency_penalty', 'presence_penalty', 'response_format']);

function python({ path, body, hasKey }, origin) {
  const key = hasKey ? 'os.environ["AIPLATFORM_KEY"]' : '"unused"';
  const start = (...imports) => [
    hasKey && 'import os', ...imports, 'from openai import OpenAI', '', `client = OpenAI(api_key=${key}, base_url="${origin}/v1")`,
  ];
  if (path === '/v1/embeddings') {
    return lines(
      start(),
      `reply = client.embeddings.create(model=${pythonOf(body.model)}, input=${pythonOf(body.input)})`,
      'for item in reply.data:',
      '    print(item.index, len(item.embedding))');
  }
  if (path !== '/v1/chat/completions') {
    return lines(
      start('import httpx'),
      `reply = client.post("${path.slice(3)}", body=${pythonOf(body)}, cast_to=httpx.Response)`,
      'print(reply.text)');
  }
  const { model, messages, stream, stream_options: _, ...more } = body;
  const extra = Object.fromEntries(Object.entries(more).filter(([name]) => !pythonsOwn.has(name)));
  return lines(
    start(),
    `${stream ? 'stream' : 'reply'} = client.chat.completions.create(`,
    `    model=${pythonOf(model)},`,
    `    messages=${pythonOf(messages)},`,
    Object.entries(more).filter(([name]) => pythonsOwn.has(name)).map(([name, value]) => `    ${name}=${pythonOf(value)},`),
    Object.keys(extra).length > 0 && `    extra_body=${pythonOf(extra)},`,
    stream && '    stream=True,',
    ')',
    stream
      ? ['for chunk in stream:', '    if chunk.choices:', '        print(chunk.choices[0].delta.content or "", end="", flush=True)']
      : 'print(reply.choices[0].message.content)');
}

function javascript({ path, body, hasKey }, origin) {
  const start = [
    "import OpenAI from 'openai';",
    '',
    `const client = new OpenAI({ apiKey: ${hasKey ? 'process.env.AIPLATFORM_KEY' : "'unused'"}, baseURL: '${origin}/v1' });`,
  ];
  const call = json(body, 2);
  if (path === '/v1/embeddings') {
    return lines(
      start,
      `const reply = await client.embeddings.create(${call});`,
      'for (const item of reply.data) console.log(item.index, item.embedding.length);');
  }
  if (path !== '/v1/chat/completions')
    return lines(start, `const reply = await client.post('${path.slice(3)}', { body: ${call} });`, 'console.log(reply);');
  return body.stream
    ? lines(
      start,
      `const stream = await client.chat.completions.create(${call});`,
      "for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '');")
    : lines(
      start,
      `const reply = await client.chat.completions.create(${call});`,
      'console.log(reply.choices[0].message.content);');
}

const roles = { system: 'System', user: 'User', assistant: 'Assistant' };
const float = (value) => `${value}f`;

/** The properties of ChatOptions, and how each is written. */
const chatOptions = [
  ['temperature', 'Temperature', float], ['top_p', 'TopP', float], ['top_k', 'TopK', String], ['max_tokens', 'MaxOutputTokens', String],
  ['seed', 'Seed', String], ['frequency_penalty', 'FrequencyPenalty', float], ['presence_penalty', 'PresencePenalty', float],
  ['stop', 'StopSequences', json],
  ['response_format', 'ResponseFormat', (value) =>
    `ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(${json(json(value.json_schema?.schema ?? {}))}).RootElement)`],
];

function csharp({ path, body, hasKey }, origin) {
  const key = hasKey ? 'Environment.GetEnvironmentVariable("AIPLATFORM_KEY")!' : '"unused"';
  const start = [
    '#:package Microsoft.Extensions.AI.OpenAI@10.11.0',
    'using System.ClientModel;',
    body.response_format && 'using System.Text.Json;',
    'using Microsoft.Extensions.AI;',
    'using OpenAI;',
    '',
    'var openAI = new OpenAIClient(',
    `    new ApiKeyCredential(${key}),`,
    `    new OpenAIClientOptions { Endpoint = new Uri("${origin}/v1") });`,
  ];
  if (path === '/v1/embeddings') {
    return lines(
      start,
      'IEmbeddingGenerator<string, Embedding<float>> generator =',
      `    openAI.GetEmbeddingClient(${json(body.model)}).AsIEmbeddingGenerator();`,
      '',
      'string[] texts =',
      '[',
      [].concat(body.input).map((text) => `    ${json(text)},`),
      '];',
      'foreach (var embedding in await generator.GenerateAsync(texts))',
      '    Console.WriteLine(embedding.Vector.Length);');
  }
  if (path !== '/v1/chat/completions') {
    return lines(
      'using System.Text;',
      '',
      'using var http = new HttpClient();',
      hasKey && `http.DefaultRequestHeaders.Authorization = new("Bearer", ${key});`,
      `var body = new StringContent(${json(json(body))}, Encoding.UTF8, "application/json");`,
      `using var reply = await http.PostAsync("${origin}${path}", body);`,
      'Console.WriteLine(await reply.Content.ReadAsStringAsync());');
  }
  const options = chatOptions.filter(([name]) => body[name] !== undefined)
    .map(([name, property, write]) => `    ${property} = ${write(body[name])},`);
  const more = options.length > 0 ? ', options' : '';
  return lines(
    start,
    `IChatClient client = openAI.GetChatClient(${json(body.model)}).AsIChatClient();`,
    '',
    'List<ChatMessage> messages =',
    '[',
    body.messages.map((one) => `    new(ChatRole.${roles[one.role]}, ${json(one.content)}),`),
    '];',
    options.length > 0 && ['var options = new ChatOptions', '{', ...options, '};'],
    body.stream
      ? [`await foreach (var update in client.GetStreamingResponseAsync(messages${more}))`, '    Console.Write(update.Text);']
      : `Console.WriteLine(await client.GetResponseAsync(messages${more}));`);
}
