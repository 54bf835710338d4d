// The call that the playground makes, as code. Whatever a text has in it, it stays a text: quotes are escaped as the language wants it,
// and marks that cannot be seen are written as numbers.

export const languages = [['curl', 'curl'], ['csharp', 'C#'], ['python', 'Python'], ['javascript', 'JavaScript']];

const unseen = /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const visible = (json) => json.replace(unseen, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
const json = (value, indent) => visible(JSON.stringify(value, null, indent));
const pythonOf = (value) => json(value).replace(/"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g, (one) => ({ true: 'True', false: 'False', null: 'None' })[one] ?? one);

/** @param call { path, body, hasKey } */
export function snippet(language, call) {
  return { curl, csharp, python, javascript }[language](call, location.origin);
}

function curl({ path, body, hasKey }, origin) {
  const lines = [`curl ${body.stream ? '-sN' : '-s'} ${origin}${path} \\`];
  if (hasKey) lines.push('  -H "Authorization: Bearer $AIPLATFORM_KEY" \\');
  lines.push("  -H 'Content-Type: application/json' \\", `  -d '${json(body).replaceAll("'", "'\\''")}'`);
  return lines.join('\n');
}

function python({ path, body, hasKey }, origin) {
  const key = hasKey ? 'os.environ["AIPLATFORM_KEY"]' : '"unused"';
  const start = `${hasKey ? 'import os\n' : ''}from openai import OpenAI\n\nclient = OpenAI(api_key=${key}, base_url="${origin}/v1")\n`;
  if (path === '/v1/embeddings') return `${start}reply = client.embeddings.create(model=${pythonOf(body.model)}, input=${pythonOf(body.input)})\nfor item in reply.data:\n    print(item.index, len(item.embedding))`;
  if (path !== '/v1/chat/completions') return `${start.replace('OpenAI\n\n', 'OpenAI\nimport httpx\n\n')}reply = client.post("${path.slice(3)}", body=${pythonOf(body)}, cast_to=httpx.Response)\nprint(reply.text)`;
  const { model, messages, stream, stream_options: _, ...more } = body;
  const known = new Set(['temperature', 'top_p', 'max_tokens', 'seed', 'stop', 'frequency_penalty', 'presence_penalty', 'response_format']);
  const named = Object.entries(more).filter(([name]) => known.has(name)).map(([name, value]) => `    ${name}=${pythonOf(value)},\n`).join('');
  const extra = Object.fromEntries(Object.entries(more).filter(([name]) => !known.has(name)));
  const args = `    model=${pythonOf(model)},\n    messages=${pythonOf(messages)},\n${named}${Object.keys(extra).length > 0 ? `    extra_body=${pythonOf(extra)},\n` : ''}`;
  return stream
    ? `${start}stream = client.chat.completions.create(\n${args}    stream=True,\n)\nfor chunk in stream:\n    if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="", flush=True)`
    : `${start}reply = client.chat.completions.create(\n${args})\nprint(reply.choices[0].message.content)`;
}

function javascript({ path, body, hasKey }, origin) {
  const key = hasKey ? 'process.env.AIPLATFORM_KEY' : "'unused'";
  const start = `import OpenAI from 'openai';\n\nconst client = new OpenAI({ apiKey: ${key}, baseURL: '${origin}/v1' });\n`;
  if (path === '/v1/embeddings') return `${start}const reply = await client.embeddings.create(${json(body, 2)});\nfor (const item of reply.data) console.log(item.index, item.embedding.length);`;
  if (path !== '/v1/chat/completions') return `${start}const reply = await client.post('${path.slice(3)}', { body: ${json(body, 2)} });\nconsole.log(reply);`;
  return body.stream
    ? `${start}const stream = await client.chat.completions.create(${json(body, 2)});\nfor await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '');`
    : `${start}const reply = await client.chat.completions.create(${json(body, 2)});\nconsole.log(reply.choices[0].message.content);`;
}

const roles = { system: 'System', user: 'User', assistant: 'Assistant' };

function csharp({ path, body, hasKey }, origin) {
  const key = hasKey ? 'Environment.GetEnvironmentVariable("AIPLATFORM_KEY")!' : '"unused"';
  const start = `#:package Microsoft.Extensions.AI.OpenAI@10.11.0\nusing System.ClientModel;\nusing Microsoft.Extensions.AI;\nusing OpenAI;\n\n`
    + `var openAI = new OpenAIClient(\n    new ApiKeyCredential(${key}),\n    new OpenAIClientOptions { Endpoint = new Uri("${origin}/v1") });\n`;
  if (path === '/v1/embeddings') {
    return `${start}IEmbeddingGenerator<string, Embedding<float>> generator =\n    openAI.GetEmbeddingClient(${json(body.model)}).AsIEmbeddingGenerator();\n\n`
      + `string[] texts =\n[\n${[].concat(body.input).map((text) => `    ${json(text)},\n`).join('')}];\nforeach (var embedding in await generator.GenerateAsync(texts))\n    Console.WriteLine(embedding.Vector.Length);`;
  }
  if (path !== '/v1/chat/completions') {
    return `using System.Text;\n\nusing var http = new HttpClient();\n${hasKey ? `http.DefaultRequestHeaders.Authorization = new("Bearer", ${key});\n` : ''}`
      + `var body = new StringContent(${json(json(body))}, Encoding.UTF8, "application/json");\nusing var reply = await http.PostAsync("${origin}${path}", body);\nConsole.WriteLine(await reply.Content.ReadAsStringAsync());`;
  }
  const options = [
    ['temperature', 'Temperature', (value) => `${value}f`], ['top_p', 'TopP', (value) => `${value}f`], ['top_k', 'TopK', String], ['max_tokens', 'MaxOutputTokens', String], ['seed', 'Seed', String],
    ['frequency_penalty', 'FrequencyPenalty', (value) => `${value}f`], ['presence_penalty', 'PresencePenalty', (value) => `${value}f`], ['stop', 'StopSequences', json],
    ['response_format', 'ResponseFormat', (value) => `ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(${json(json(value.json_schema?.schema ?? {}))}).RootElement)`],
  ].filter(([name]) => body[name] !== undefined).map(([name, property, write]) => `    ${property} = ${write(body[name])},\n`).join('');
  const using = body.response_format ? start.replace('using System.ClientModel;\n', 'using System.ClientModel;\nusing System.Text.Json;\n') : start;
  const messages = body.messages.map((one) => `    new(ChatRole.${roles[one.role]}, ${json(one.content)}),\n`).join('');
  const settings = options ? `var options = new ChatOptions\n{\n${options}};\n` : '';
  const more = options ? ', options' : '';
  return `${using}IChatClient client = openAI.GetChatClient(${json(body.model)}).AsIChatClient();\n\nList<ChatMessage> messages =\n[\n${messages}];\n${settings}`
    + (body.stream ? `await foreach (var update in client.GetStreamingResponseAsync(messages${more}))\n    Console.Write(update.Text);` : `Console.WriteLine(await client.GetResponseAsync(messages${more}));`);
}
