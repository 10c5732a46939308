import { randomUUID } from "node:crypto";
import { answer, asArray, asObject, type JsonObject, pieces, questionIn } from "./provider_answer.js";
import { type Endpoint, Refusal, type Reply } from "./provider_reply.js";

const FIELDS = new Set(
  `messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
  metadata modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention
  reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature
  tool_choice tools top_logprobs top_p user verbosity web_search_options`.split(/\s+/),
);

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** `POST /v1/chat/completions`. */
export const chat: Endpoint = { fields: FIELDS, reply: replyToChat };

function replyToChat(body: JsonObject): Reply {
  const messages = asArray(body.messages);
  if (messages.length === 0) throw new Refusal("messages must not be empty", "messages");
  checkToolResults(messages);

  const { text, toolCalls } = answer({
    text: questionIn(messages),
    tools: asArray(body.tools).map((tool) => {
      const { name, parameters } = asObject(tool.function);
      return { name: String(name), parameters };
    }),
    parallelToolCalls: body.parallel_tool_calls !== false,
    afterTool: messages.at(-1)?.role === "tool",
    schema: asObject(asObject(body.response_format).json_schema).schema,
    length: messages.length,
  });
  const base = { id: `chatcmpl-${randomUUID()}`, created: 1, model: body.model };
  const tool_calls = toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }));
  const isCall = tool_calls.length > 0;
  const finish_reason = isCall ? "tool_calls" : "stop";
  if (body.stream !== true) {
    const message = { role: "assistant", content: isCall ? null : text, ...(isCall ? { tool_calls } : {}) };
    return {
      json: { ...base, object: "chat.completion", usage: USAGE, choices: [{ index: 0, message, finish_reason }] },
    };
  }

  const chunk = (delta: JsonObject, finish: string | null = null) => ({
    ...base,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const events: JsonObject[] = [chunk({ role: "assistant", content: isCall ? null : "" })];
  for (const [index, call] of tool_calls.entries()) {
    events.push(chunk({ tool_calls: [{ ...call, index, function: { ...call.function, arguments: "" } }] }));
    for (const piece of pieces(call.function.arguments)) {
      events.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
    }
  }
  for (const piece of pieces(text)) events.push(chunk({ content: piece }));
  events.push(chunk({}, finish_reason));
  if (asObject(body.stream_options).include_usage === true) {
    events.push({ ...base, object: "chat.completion.chunk", choices: [], usage: USAGE });
  }
  return { lines: [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), "data: [DONE]\n\n"] };
}

/** OpenAI rejects an open tool call, and an output without a call. */
function checkToolResults(messages: readonly JsonObject[]): void {
  let open = new Set<unknown>();
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id)) throw new Refusal("a tool message must follow its tool call", "messages");
      continue;
    }
    if (open.size > 0) throw new Refusal(`no tool message for ${[...open].join(", ")}`, "messages");
    open = new Set(asArray(message.tool_calls).map(({ id }) => id));
  }
  if (open.size > 0) throw new Refusal(`no tool message for ${[...open].join(", ")}`, "messages");
}
