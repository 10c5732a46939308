import type { ServerResponse } from "node:http";
import type { Responder } from "../support/gateway/server.js";
import { type Json, sendEvents, sendJson } from "../support/gateway/server.js";
import type { Fault, LeafPlan } from "./plan.js";

/** The text of a request's last message. */
export function messageOf(body: Json): string {
  const last = ((body.messages ?? body.input) as { content: string | { text: string }[] }[]).at(-1);
  return typeof last?.content === "string" ? last.content : String(last?.content[0]?.text);
}

/** Answers each call with its path, after the delay and the faults of its plan. */
export function echo(planOf: (message: string) => LeafPlan | undefined): Responder {
  const attempts = new Map<string, number>();
  return async ({ path, body }, response) => {
    const message = messageOf(body);
    const plan = planOf(message);
    const attempt = attempts.get(message) ?? 0;
    if (plan?.faults.length) attempts.set(message, attempt + 1);
    if (plan?.delayMs) await new Promise((resolve) => setTimeout(resolve, plan.delayMs));
    answer(plan?.faults[attempt] ?? "none", path, body, message.slice(message.lastIndexOf(" ") + 1), response);
    return true;
  };
}

function answer(fault: Fault, path: string, body: Json, text: string, response: ServerResponse): void {
  if (typeof fault === "number") sendJson(response, fault, { error: { message: PLANNED_FAULT } });
  else if (fault === "drop") response.destroy();
  else if (path === "/responses") answerResponses(fault, body, text, response);
  else answerChat(fault, body, text, response);
}

/** The message of each planned error. */
const PLANNED_FAULT = "planned";

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

function answerChat(fault: Fault, body: Json, text: string, response: ServerResponse): void {
  const base = { id: "chatcmpl-1", created: 1, model: body.model };
  const choice = { index: 0, finish_reason: "stop" };
  if (!body.stream) {
    const choices = [{ ...choice, message: { role: "assistant", content: text } }];
    send(fault, response, { ...base, object: "chat.completion", choices, usage: USAGE });
    return;
  }
  const chunk = (content: string, finish_reason: string | null) => ({
    data: { ...base, object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason }] },
  });
  sendPieces(fault, response, [chunk(text[0] ?? "", null), chunk(text.slice(1), "stop"), { data: "[DONE]" }]);
}

function answerResponses(fault: Fault, body: Json, text: string, response: ServerResponse): void {
  const content = [{ type: "output_text", text, annotations: [] }];
  const item = { type: "message", id: "msg_1", role: "assistant", status: "completed", content };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  const answer = {
    id: "resp_1",
    object: "response",
    created_at: 1,
    status: "completed",
    model: body.model,
    output: [item],
    usage,
  };
  if (!body.stream) {
    send(fault, response, answer);
    return;
  }
  const event = (type: string, data: Json) => ({ event: type, data: { type, ...data } });
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  sendPieces(fault, response, [
    event("response.created", { response: { ...answer, status: "in_progress", output: [] } }),
    event("response.output_text.delta", { ...at, delta: text[0] }),
    event("response.output_text.delta", { ...at, delta: text.slice(1) }),
    event("response.completed", { response: answer }),
  ]);
}

function send(fault: Fault, response: ServerResponse, answer: unknown): void {
  const text = JSON.stringify(answer);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  if (fault === "cut") breakOff(response, text.slice(0, text.length / 2));
  else response.end(text);
}

function sendPieces(fault: Fault, response: ServerResponse, events: { event?: string; data: unknown }[]): void {
  if (fault !== "cut") sendEvents(response, events);
  else {
    response.writeHead(200, { "content-type": "text/event-stream" });
    breakOff(response, `data: ${JSON.stringify(events[0]?.data)}\n\n`);
  }
}

function breakOff(response: ServerResponse, text: string): void {
  response.write(text, () => response.destroy());
}
