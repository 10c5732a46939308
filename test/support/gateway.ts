import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A JSON object off the wire. */
export type Json = Record<string, unknown>;

/** What the gateway received. */
export interface GatewayRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json;
}

/** An answer that a test puts in place of the gateway's own. `undefined`: the gateway's own. */
export type Responder = (request: GatewayRequest, response: ServerResponse) => boolean | undefined | Promise<boolean>;

/** An answer of the model: its text, and the tools that it wants called. */
interface Turn {
  readonly text: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}

/**
 * A stand-in for a LiteLLM proxy on a free loopback port. It keeps every request that arrives,
 * answers `/chat/completions`, `/responses` and `/embeddings`, plain and streamed, and refuses all
 * else. Its model calls the first tool that it is offered, once for each user message, and fills
 * any JSON schema that it is asked for.
 */
export class Gateway {
  /** Every request that arrived, in order. */
  readonly requests: GatewayRequest[] = [];

  /** Requests that no test expected: `METHOD path`. A test's teardown fails on one. */
  readonly unexpected: string[] = [];

  /** Response headers of each answer, such as LiteLLM's `x-litellm-call-id`. */
  responseHeaders: (request: GatewayRequest) => Record<string, string> = () => ({});

  /** Conversations by the id of their last response. */
  private readonly conversations = new Map<string, unknown[]>();

  private readonly responders: Responder[] = [];

  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch((error: unknown) => {
      this.unexpected.push(`${request.method} ${request.url}: ${error}`);
      response.destroy();
    });
  });

  private constructor() {}

  static async start(): Promise<Gateway> {
    const gateway = new Gateway();
    await new Promise<void>((resolve) => gateway.server.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  /** The base URL for a client, `/v1` included. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** Forgets all requests. */
  reset(): void {
    this.requests.length = 0;
    this.unexpected.length = 0;
    this.responders.length = 0;
    this.responseHeaders = () => ({});
  }

  /** Asks `responder` before answering: the last one given first. It is asked until the next reset. */
  respond(responder: Responder): void {
    this.responders.unshift(responder);
  }

  /** Answers the next request with an error in OpenAI's shape. */
  failNext(status: number, error: Json, headers: Record<string, string> = {}): void {
    let done = false;
    this.respond((_, response) => {
      if (done) return undefined;
      done = true;
      sendJson(response, status, { error }, headers);
      return true;
    });
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (message.url ?? "").replace(/^\/v1/, "");
    if (message.method !== "POST" || !["/chat/completions", "/responses", "/embeddings"].includes(path)) {
      this.unexpected.push(`${message.method} ${message.url}`);
      sendJson(response, 404, { error: { message: `no test expected ${message.method} ${message.url}` } });
      return;
    }
    const request: GatewayRequest = { path, headers: message.headers, body: JSON.parse(await read(message)) };
    this.requests.push(request);
    for (const responder of this.responders) {
      if (await responder(request, response)) return;
    }
    const headers = this.responseHeaders(request);
    if (path === "/chat/completions") answerChat(request.body, response, headers);
    else if (path === "/responses") this.answerResponses(request.body, response, headers);
    else answerEmbeddings(request.body, response, headers);
  }

  private answerResponses(body: Json, response: ServerResponse, headers: Record<string, string>): void {
    const previous = body.previous_response_id as string | undefined;
    const past = previous === undefined ? [] : this.conversations.get(previous);
    if (!past) {
      const message = `Previous response with id '${previous}' not found.`;
      const code = "previous_response_not_found";
      sendJson(response, 400, {
        error: { message, type: "invalid_request_error", param: "previous_response_id", code },
      });
      return;
    }
    const input = Array.isArray(body.input) ? (body.input as Json[]) : [{ role: "user", content: body.input }];
    const items = [...past, ...input];
    const schema = (body.text as { format?: { schema?: unknown } } | undefined)?.format;
    const wantsTool = input.at(-1)?.type !== "function_call_output";
    const turn = takeTurn(
      items.length,
      schema && "schema" in schema ? schema.schema : undefined,
      wantsTool ? body.tools : [],
    );
    const id = `resp_${randomUUID().replaceAll("-", "")}`;
    const output = responseItems(turn);
    if (body.store !== false) this.conversations.set(id, [...items, ...output]);
    const answer = {
      id,
      object: "response",
      created_at: 1,
      status: "completed",
      model: body.model,
      output,
      output_text: turn.text,
      error: null,
      incomplete_details: null,
      metadata: {},
      previous_response_id: previous ?? null,
      parallel_tool_calls: true,
      tool_choice: "auto",
      tools: [],
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 15,
      },
    };
    if (!body.stream) sendJson(response, 200, answer, headers);
    else sendEvents(response, responseEvents(answer, turn), headers);
  }
}

function answerChat(body: Json, response: ServerResponse, headers: Record<string, string>): void {
  const messages = body.messages as { role: string }[];
  const format = body.response_format as { type?: string; json_schema?: { schema?: unknown } } | undefined;
  const schema = format?.json_schema?.schema ?? (format?.type === "json_object" ? {} : undefined);
  const turn = takeTurn(messages.length, schema, messages.at(-1)?.role === "tool" ? [] : body.tools);
  const base = { id: `chatcmpl-${randomUUID()}`, created: 1, model: body.model };
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const calls = turn.toolCalls.map(({ id, ...call }) => ({ id, type: "function", function: call }));
  const finish_reason = calls.length > 0 ? "tool_calls" : "stop";
  if (!body.stream) {
    const message = { role: "assistant", content: turn.text, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
    sendJson(
      response,
      200,
      { ...base, object: "chat.completion", choices: [{ index: 0, message, finish_reason }], usage },
      headers,
    );
    return;
  }
  const chunk = (delta: Json, reason: string | null = null) => ({
    ...base,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  const events: unknown[] = [chunk({ role: "assistant", content: "" })];
  for (const word of words(turn.text)) events.push(chunk({ content: word }));
  if (calls.length > 0) events.push(chunk({ tool_calls: calls.map((call, index) => ({ index, ...call })) }));
  events.push(chunk({}, finish_reason));
  if ((body.stream_options as Json | undefined)?.include_usage) events.push({ ...chunk({}), choices: [], usage });
  sendEvents(response, [...events.map((data) => ({ data })), { data: "[DONE]" }], headers);
}

function answerEmbeddings(body: Json, response: ServerResponse, headers: Record<string, string>): void {
  const input = Array.isArray(body.input) ? body.input : [body.input];
  const vector = (text: unknown) => {
    const values = [String(text).length / 100, 1];
    return body.encoding_format === "base64" ? Buffer.from(new Float32Array(values).buffer).toString("base64") : values;
  };
  const data = input.map((text, index) => ({ object: "embedding", index, embedding: vector(text) }));
  sendJson(
    response,
    200,
    { object: "list", model: body.model, data, usage: { prompt_tokens: 1, total_tokens: 1 } },
    headers,
  );
}

/** What the model says: tools first where it is offered any, else JSON for a schema, else a text. */
function takeTurn(messages: number, schema: unknown, offered: unknown): Turn {
  const tools = (Array.isArray(offered) ? offered : []) as {
    name?: string;
    function?: { name: string; parameters?: unknown };
    parameters?: unknown;
  }[];
  const tool = tools[0];
  const name = tool?.function?.name ?? tool?.name;
  if (tool && name !== undefined) {
    const args = JSON.stringify(fill(tool.function?.parameters ?? tool.parameters));
    return { text: "", toolCalls: [{ id: `call_${randomUUID()}`, name, arguments: args }] };
  }
  return { text: schema === undefined ? `reply to ${messages} messages` : JSON.stringify(fill(schema)), toolCalls: [] };
}

/** The least value that a JSON schema accepts. */
function fill(schema: unknown): unknown {
  const { type, properties, enum: values } = (schema ?? {}) as { type?: string; properties?: Json; enum?: unknown[] };
  if (values) return values[0];
  if (type === "string") return "text";
  if (type === "number" || type === "integer") return 1;
  if (type === "boolean") return true;
  if (type === "array") return [];
  return Object.fromEntries(Object.entries(properties ?? {}).map(([key, value]) => [key, fill(value)]));
}

function responseItems({ text, toolCalls }: Turn): Json[] {
  const calls = toolCalls.map((call) => ({
    type: "function_call",
    id: `fc_${randomUUID()}`,
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    status: "completed",
  }));
  if (text === "") return calls;
  const content = [{ type: "output_text", text, annotations: [] }];
  return [{ type: "message", id: `msg_${randomUUID()}`, status: "completed", role: "assistant", content }, ...calls];
}

function responseEvents(answer: { output: Json[] }, { text }: Turn): { event: string; data: Json }[] {
  let sequence_number = 0;
  const event = (type: string, data: Json) => ({
    event: type,
    data: { type, sequence_number: sequence_number++, ...data },
  });
  const events = [
    event("response.created", { response: { ...answer, status: "in_progress", output: [], usage: null } }),
  ];
  answer.output.forEach((item, output_index) => {
    const item_id = item.id;
    if (item.type === "function_call") {
      events.push(
        event("response.output_item.added", { output_index, item: { ...item, arguments: "", status: "in_progress" } }),
      );
      events.push(event("response.function_call_arguments.delta", { output_index, item_id, delta: item.arguments }));
      events.push(event("response.function_call_arguments.done", { output_index, item_id, arguments: item.arguments }));
    } else {
      const at = { item_id, output_index, content_index: 0 };
      events.push(
        event("response.output_item.added", { output_index, item: { ...item, content: [], status: "in_progress" } }),
      );
      events.push(
        event("response.content_part.added", { ...at, part: { type: "output_text", text: "", annotations: [] } }),
      );
      for (const delta of words(text)) events.push(event("response.output_text.delta", { ...at, delta }));
      events.push(event("response.output_text.done", { ...at, text }));
    }
    events.push(event("response.output_item.done", { output_index, item }));
  });
  events.push(event("response.completed", { response: answer as unknown as Json }));
  return events;
}

function words(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Answers with a stream of server-sent events. */
export function sendEvents(
  response: ServerResponse,
  events: { event?: string; data: unknown }[],
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  for (const { event, data } of events) {
    if (event) response.write(`event: ${event}\n`);
    response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  }
  response.end();
}

async function read(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
