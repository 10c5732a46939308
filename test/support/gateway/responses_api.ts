import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type Json, replyTo, splitWords } from "./chat_model.js";
import { sendEvents, sendJson, writeEvents } from "./send.js";

/**
 * How a stream ends: `"early"`: without its last event; `"destroyed"`: the connection breaks;
 * `"failed"` or `"incomplete"`: the last event says so; `"open"`: not before the client leaves.
 */
export type StreamEnd = "whole" | "early" | "destroyed" | "failed" | "incomplete" | "open";

/** `POST /responses` with stored responses: `previous_response_id` continues one, as at OpenAI. */
export class GatewayResponses {
  /** Output items of the next answers, one list per answer. Empty: the gateway generates them. */
  readonly outputs: Json[][] = [];

  /** Whether each event of a stream has another wrapped id of the response, as in some LiteLLM releases. */
  wrapsIdsAnew = false;

  /** How streams end. */
  streamEnd: StreamEnd = "whole";

  /** Whether the last event of a stream has no output, so that only the events before it have the items. */
  leavesOutOutput = false;

  /** Number of endless streams that the client has left. */
  left = 0;

  private readonly conversations = new Map<string, Json[]>();

  /** Resets the behaviour. Stored responses stay. */
  reset(): void {
    this.outputs.length = 0;
    this.wrapsIdsAnew = false;
    this.streamEnd = "whole";
    this.leavesOutOutput = false;
    this.left = 0;
  }

  /** All items of the conversation up to and including this response. */
  conversation(id: unknown): readonly Json[] | undefined {
    return this.conversations.get(String(id).replace(/^resp_wrap\d+_/, "resp_"));
  }

  answer(body: Json, response: ServerResponse, headers: Record<string, string>, moreUsage: Json = {}): void {
    const previous = body.previous_response_id ?? null;
    const past = previous === null ? [] : this.conversation(previous);
    if (!past) {
      sendJson(response, 400, {
        error: {
          message: `Previous response with id '${previous}' not found.`,
          type: "invalid_request_error",
          param: "previous_response_id",
          code: "previous_response_not_found",
        },
      });
      return;
    }
    const input = Array.isArray(body.input) ? (body.input as Json[]) : [{ role: "user", content: body.input }];
    const items = [...past, ...input];
    const open = items.find(
      ({ type, call_id }) => /_call$/.test(String(type)) && call_id && !isAnswered(call_id, items),
    );
    if (open) {
      const message = `No tool output found for function call ${open.call_id}.`;
      sendJson(response, 400, { error: { message, type: "invalid_request_error", param: "input", code: null } });
      return;
    }
    const format = (body.text as { format?: { type?: string; schema?: unknown } } | undefined)?.format;
    const schema = format?.schema ?? (format?.type === "json_object" ? {} : undefined);
    const wantsTool = input.at(-1)?.type !== "function_call_output";
    const turn = replyTo(items.length, schema, wantsTool ? body.tools : []);
    const id = `resp_${randomUUID().replaceAll("-", "")}`;
    const output = this.outputs.shift() ?? itemsOf(turn);
    if (body.store !== false) this.conversations.set(id, [...items, ...output]);
    const answer = {
      id: this.wrap(id, 0),
      object: "response",
      created_at: 1,
      status: "completed",
      model: body.model,
      output,
      output_text: turn.text,
      error: null,
      incomplete_details: null,
      metadata: {},
      previous_response_id: previous,
      parallel_tool_calls: true,
      tool_choice: "auto",
      tools: [],
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 15,
        ...moreUsage,
      },
    };
    if (!body.stream) sendJson(response, 200, answer, headers);
    else this.stream(answer, response, headers);
  }

  private stream(answer: ResponseBody, response: ServerResponse, headers: Record<string, string>): void {
    const events = eventsOf(answer);
    const id = this.wrap(answer.id.replace(/^resp_wrap0_/, "resp_"), 1);
    const last = { ...answer, id, output: this.leavesOutOutput ? [] : answer.output };
    const end = (type: string, status: string) => [
      ...events,
      { event: type, data: { type, response: { ...last, status } } },
    ];
    if (this.streamEnd === "whole") sendEvents(response, end("response.completed", "completed"), headers);
    else if (this.streamEnd === "failed") sendEvents(response, end("response.failed", "failed"), headers);
    else if (this.streamEnd === "incomplete") sendEvents(response, end("response.incomplete", "incomplete"), headers);
    else if (this.streamEnd === "early") sendEvents(response, events, headers);
    else {
      response.once("close", () => {
        this.left += 1;
      });
      writeEvents(response, events, headers);
      // The events must be sent before the connection breaks.
      if (this.streamEnd === "destroyed") setTimeout(() => response.destroy(), 20);
    }
  }

  private wrap(id: string, event: number): string {
    return this.wrapsIdsAnew ? id.replace("resp_", `resp_wrap${event}_`) : id;
  }
}

interface ResponseBody extends Json {
  readonly id: string;
  readonly output: Json[];
}

function isAnswered(callId: unknown, items: readonly Json[]): boolean {
  return items.some(({ type, call_id }) => call_id === callId && /_call_output$/.test(String(type)));
}

function itemsOf({ text, toolCalls }: ReturnType<typeof replyTo>): Json[] {
  const calls = toolCalls.map((call) => ({
    type: "function_call",
    id: `fc_${randomUUID()}`,
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    status: "completed",
  }));
  return text === "" ? calls : [textItem(text), ...calls];
}

/** An answer's text as an output item. */
export function textItem(text: string): Json {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { type: "message", id: `msg_${randomUUID()}`, status: "completed", role: "assistant", content };
}

/** By type of item: the fields of the item when it begins, and the events up to its end. */
const ITEM_EVENTS: Record<string, (item: Json, at: Json) => { begin: Json; events: Json[] }> = {
  function_call: ({ arguments: args }, at) => ({
    begin: { arguments: "" },
    events: [
      { type: "response.function_call_arguments.delta", ...at, delta: args },
      { type: "response.function_call_arguments.done", ...at, arguments: args },
    ],
  }),
  custom_tool_call: ({ input }, at) => ({
    begin: { input: "" },
    events: [
      { type: "response.custom_tool_call_input.delta", ...at, delta: input },
      { type: "response.custom_tool_call_input.done", ...at, input },
    ],
  }),
  reasoning: ({ summary }, at) => ({
    begin: { summary: [] },
    events: (summary as { text: string }[]).flatMap((part, summary_index) => [
      { type: "response.reasoning_summary_part.added", ...at, summary_index, part: { ...part, text: "" } },
      { type: "response.reasoning_summary_text.delta", ...at, summary_index, delta: part.text },
      { type: "response.reasoning_summary_text.done", ...at, summary_index, text: part.text },
    ]),
  }),
  message: ({ content }, at) => ({
    begin: { content: [] },
    events: (content as { text: string }[]).flatMap((part, content_index) => [
      { type: "response.content_part.added", ...at, content_index, part: { ...part, text: "" } },
      ...splitWords(part.text).map((delta) => ({ type: "response.output_text.delta", ...at, content_index, delta })),
      { type: "response.output_text.done", ...at, content_index, text: part.text },
    ]),
  }),
};

/** The events of a stream, without the last one. */
function eventsOf(answer: ResponseBody): { event: string; data: Json }[] {
  const created = { ...answer, status: "in_progress", output: [], usage: null };
  const items = answer.output.flatMap((item, output_index): Json[] => {
    const streamed = ITEM_EVENTS[String(item.type)]?.(item, { item_id: item.id, output_index });
    return [
      {
        type: "response.output_item.added",
        output_index,
        item: { ...item, ...streamed?.begin, status: "in_progress" },
      },
      ...(streamed?.events ?? []),
      { type: "response.output_item.done", output_index, item },
    ];
  });
  return [{ type: "response.created", response: created }, ...items].map((event: Json, sequence_number) => ({
    event: String(event.type),
    data: { sequence_number, ...event },
  }));
}
