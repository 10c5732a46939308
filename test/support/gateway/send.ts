import type { ServerResponse } from "node:http";

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
  writeEvents(response, events, headers);
  response.end();
}

/** Begins a stream of server-sent events. */
export function writeEvents(
  response: ServerResponse,
  events: { event?: string; data: unknown }[],
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  for (const { event, data } of events) {
    if (event) response.write(`event: ${event}\n`);
    response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  }
}
