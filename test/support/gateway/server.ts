import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Json, replyTo, splitWords } from "./chat_model.js";
import { GatewayResponses } from "./responses_api.js";
import { sendEvents, sendJson } from "./send.js";

export type { Json } from "./chat_model.js";
export { sendEvents, sendJson } from "./send.js";

/** A request that the gateway received. */
export interface GatewayRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json;
}

/** Answers a request instead of the gateway. Returns undefined to let the gateway answer. */
export type Responder = (request: GatewayRequest, response: ServerResponse) => boolean | undefined | Promise<boolean>;

/**
 * A fake LiteLLM proxy on a free loopback port. It records every request,
 * answers `/chat/completions`, `/responses` and `/embeddings`, plain and streamed, and rejects all
 * others. Its model calls the first tool of the request, once for each user message, and fills
 * any JSON schema of the request.
 */
export class Gateway {
  /** Every request that arrived, in order. */
  readonly requests: GatewayRequest[] = [];

  /** Unexpected requests, as `METHOD path`. The teardown of a test fails if there is one. */
  readonly unexpected: string[] = [];

  /** Response headers of each answer, such as LiteLLM's `x-litellm-call-id`. */
  responseHeaders: (request: GatewayRequest) => Record<string, string> = () => ({});

  /** More fields of an answer's usage, such as the `cost` that LiteLLM puts into a stream's. */
  moreUsage: (request: GatewayRequest) => Json = () => ({});

  /** The choices in the chunk with a stream's usage: OpenAI sends none, LiteLLM an empty one. */
  usageChoices: readonly Json[] = [];

  /** The `/responses` endpoint: its stored responses, and how it answers. */
  readonly responses = new GatewayResponses();

  private readonly responders: Responder[] = [];

  private readonly server = createServer((request, response) => {
    response.sendDate = false; // Clients return response headers: two answers a second apart would differ by their Date.
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
    this.moreUsage = () => ({});
    this.usageChoices = [];
    this.responses.reset();
  }

  /** Calls `responder` for each request until the next reset. The latest one is called first. */
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
    const moreUsage = this.moreUsage(request);
    if (path === "/chat/completions") answerChat(request.body, response, headers, moreUsage, this.usageChoices);
    else if (path === "/responses") this.responses.answer(request.body, response, headers, moreUsage);
    else answerEmbeddings(request.body, response, headers);
  }
}

function answerChat(
  body: Json,
  response: ServerResponse,
  headers: Record<string, string>,
  moreUsage: Json,
  usageChoices: readonly Json[],
): void {
  const messages = body.messages as { role: string }[];
  const format = body.response_format as { type?: string; json_schema?: { schema?: unknown } } | undefined;
  const schema = format?.json_schema?.schema ?? (format?.type === "json_object" ? {} : undefined);
  const turn = replyTo(messages.length, schema, messages.at(-1)?.role === "tool" ? [] : body.tools);
  const base = { id: `chatcmpl-${randomUUID()}`, created: 1, model: body.model };
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, ...moreUsage };
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
  for (const word of splitWords(turn.text)) events.push(chunk({ content: word }));
  if (calls.length > 0) events.push(chunk({ tool_calls: calls.map((call, index) => ({ index, ...call })) }));
  events.push(chunk({}, finish_reason));
  if ((body.stream_options as Json | undefined)?.include_usage)
    events.push({ ...chunk({}), choices: usageChoices, usage });
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

async function read(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
