import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { onEnd } from "./processes.js";
import { asObject, type JsonObject } from "./provider_answer.js";
import { chat } from "./provider_chat.js";
import { embeddings } from "./provider_embeddings.js";
import { completions, messages, rerank, transcriptions } from "./provider_other.js";
import { checkBody, type Endpoint, Refusal } from "./provider_reply.js";
import { createResponses } from "./provider_responses.js";

/** A request that the provider received. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
  readonly status: number;
}

/** A fake OpenAI behind a proxy. */
export interface Provider {
  /** Its address, with `/v1`. */
  readonly baseURL: string;
  readonly seen: readonly SeenRequest[];
  close(): void;
}

/**
 * Starts a fake provider that is as strict as OpenAI: it rejects an unknown body field with a 400. A
 * session field that a proxy passes on therefore fails the call, as it would in production.
 */
export async function startProvider(): Promise<Provider> {
  const seen: SeenRequest[] = [];
  const endpoints: Readonly<Record<string, Endpoint>> = {
    "/v1/chat/completions": chat,
    "/v1/responses": createResponses(),
    "/v1/embeddings": embeddings,
    "/v1/completions": completions,
    "/v1/audio/transcriptions": transcriptions,
    "/v1/messages": messages,
    "/v1/rerank": rerank,
    "/v2/rerank": rerank,
  };

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const path = request.url ?? "";
    try {
      const endpoint = endpoints[path];
      if (!endpoint || request.method !== "POST") throw new Refusal(`Unknown request: ${request.method} ${path}`);
      checkBody(body, endpoint.fields);
      const reply = endpoint.reply(body);
      seen.push({ path, headers: request.headers, body, status: 200 });
      if ("json" in reply) return sendJson(response, 200, reply.json);

      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const line of reply.lines) {
        response.write(line);
        await nextTurn();
      }
      response.end();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      seen.push({ path, headers: request.headers, body, status: 400 });
      const { message, param = null, code = null } = error;
      sendJson(response, 400, { error: { message, type: "invalid_request_error", param, code } });
    }
  }

  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  onEnd(async () => close());
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    close,
  };
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/")) return asObject(bytes.length === 0 ? {} : JSON.parse(bytes.toString()));
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  return Object.fromEntries([...form].map(([name, value]) => [name, typeof value === "string" ? value : value.name]));
}

function sendJson(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
