import { randomUUID } from "node:crypto";
import { answer, asArray, asObject, type JsonObject, pieces, questionIn, textOf } from "./provider_answer.js";
import { type Endpoint, Refusal } from "./provider_reply.js";

const FIELDS = new Set(
  `background conversation include input instructions max_output_tokens max_tool_calls metadata model
  parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention reasoning safety_identifier
  service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation
  user`.split(/\s+/),
);

const USAGE = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
};

/** `POST /v1/responses` with stored responses: `previous_response_id` continues one. */
export function createResponses(): Endpoint {
  const kept = new Map<string, readonly JsonObject[]>();

  return {
    fields: FIELDS,
    reply(body) {
      const previous = body.previous_response_id ?? null;
      const past = previous === null ? [] : kept.get(String(previous));
      if (!past) {
        throw new Refusal(
          `Previous response with id '${previous}' not found.`,
          "previous_response_id",
          "previous_response_not_found",
        );
      }
      const said = typeof body.input === "string" ? [{ role: "user", content: body.input }] : asArray(body.input);
      if (said.length === 0) throw new Refusal("input must not be empty", "input");
      const items = [...past, ...said];
      checkToolResults(items);

      const output = outputFor(body, items);
      const id = `resp_${randomUUID().replaceAll("-", "")}`;
      if (body.store !== false) kept.set(id, [...items, ...output]);
      const response = responseFor(body, id, output);
      return body.stream === true ? { lines: streamOf(response, output) } : { json: response };
    },
  };
}

function outputFor(body: JsonObject, items: readonly JsonObject[]): JsonObject[] {
  const { text, toolCalls } = answer({
    text: questionIn(items),
    tools: asArray(body.tools).map(({ name, parameters }) => ({ name: String(name), parameters })),
    parallelToolCalls: body.parallel_tool_calls !== false,
    afterTool: items.at(-1)?.type === "function_call_output",
    schema: asObject(asObject(body.text).format).schema,
    length: items.length,
  });
  if (toolCalls.length > 0) {
    return toolCalls.map(({ id, name, arguments: args }) => ({
      type: "function_call",
      id: `fc_${randomUUID()}`,
      call_id: id,
      name,
      arguments: args,
      status: "completed",
    }));
  }
  const content = [{ type: "output_text", text, annotations: [] }];
  return [{ type: "message", id: `msg_${randomUUID()}`, status: "completed", role: "assistant", content }];
}

function responseFor(body: JsonObject, id: string, output: readonly JsonObject[]): JsonObject {
  return {
    id,
    object: "response",
    created_at: 1,
    status: "completed",
    model: body.model,
    output,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    store: body.store ?? true,
    temperature: 1,
    text: body.text ?? { format: { type: "text" } },
    tool_choice: body.tool_choice ?? "auto",
    tools: body.tools ?? [],
    top_p: 1,
    truncation: "disabled",
    usage: USAGE,
    user: null,
  };
}

function streamOf(response: JsonObject, output: readonly JsonObject[]): string[] {
  const lines: string[] = [];
  const emit = (type: string, fields: JsonObject) => {
    const event = { type, sequence_number: lines.length, ...fields };
    lines.push(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  const started = { ...response, status: "in_progress", output: [], usage: null };
  emit("response.created", { response: started });
  emit("response.in_progress", { response: started });
  for (const [output_index, item] of output.entries()) {
    const at = { item_id: item.id, output_index };
    const empty = item.type === "function_call" ? { arguments: "" } : { content: [] };
    emit("response.output_item.added", { output_index, item: { ...item, ...empty, status: "in_progress" } });
    if (item.type === "function_call") {
      for (const delta of pieces(String(item.arguments)))
        emit("response.function_call_arguments.delta", { ...at, delta });
      emit("response.function_call_arguments.done", { ...at, arguments: item.arguments });
    } else {
      const [part] = asArray(item.content);
      const text = textOf(item.content);
      const content = { ...at, content_index: 0 };
      emit("response.content_part.added", { ...content, part: { ...part, text: "" } });
      for (const delta of pieces(text)) emit("response.output_text.delta", { ...content, delta });
      emit("response.output_text.done", { ...content, text });
      emit("response.content_part.done", { ...content, part });
    }
    emit("response.output_item.done", { output_index, item });
  }
  emit("response.completed", { response });
  return lines;
}

/** OpenAI rejects an open tool call, and an output without a call. */
function checkToolResults(items: readonly JsonObject[]): void {
  const called = new Set(items.filter(({ type }) => type === "function_call").map((item) => item.call_id));
  const answered = new Set(items.filter(({ type }) => type === "function_call_output").map((item) => item.call_id));
  for (const id of called) {
    if (!answered.has(id)) throw new Refusal(`No tool output found for function call ${id}.`, "input");
  }
  for (const id of answered) {
    if (!called.has(id)) throw new Refusal(`No tool call found for function call output with call_id ${id}.`, "input");
  }
}
