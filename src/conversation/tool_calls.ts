import type { BaseMessage } from "@langchain/core/messages";

/** Types of content blocks, in answers of `streamEvents` v3. */
const TOOL_CALL_BLOCKS: readonly unknown[] = ["tool_call", "invalid_tool_call"];

/** Types of output items, in answers of `/responses`. */
const TOOL_CALL_ITEMS: readonly unknown[] = ["function_call", "custom_tool_call", "computer_call"];

/** Returns the ids of an answer's tool calls, including calls with malformed arguments, which also need an answer. */
export function toolCallIds(answer: BaseMessage): string[] {
  type Calls = { id?: string }[];
  const { tool_calls = [], invalid_tool_calls = [] } = answer as { tool_calls?: Calls; invalid_tool_calls?: Calls };
  const { output } = (answer.response_metadata ?? {}) as { output?: unknown };
  const items: readonly unknown[] = Array.isArray(output) ? output : [];
  const blocks: readonly { type?: string; id?: string }[] = Array.isArray(answer.content) ? answer.content : [];
  const ids = [
    ...[...tool_calls, ...invalid_tool_calls].map(({ id }) => id),
    ...blocks.filter(({ type }) => TOOL_CALL_BLOCKS.includes(type)).map(({ id }) => id),
    ...items.map(callIdOf),
  ];
  return [...new Set(ids.filter((id): id is string => typeof id === "string" && id !== ""))];
}

/** Whether a message answers each of the tool calls. */
export function areToolCallsAnswered(ids: readonly string[], messages: readonly BaseMessage[]): boolean {
  const answeredIds = new Set(messages.map((message) => (message as { tool_call_id?: string }).tool_call_id));
  return ids.every((id) => answeredIds.has(id));
}

function callIdOf(item: unknown): unknown {
  const { type, call_id } = (item ?? {}) as { type?: unknown; call_id?: unknown };
  return TOOL_CALL_ITEMS.includes(type) ? call_id : undefined;
}
