import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";

interface ChunkMessage {
  readonly content?: unknown;
  readonly tool_call_chunks?: readonly unknown[];
  readonly additional_kwargs?: { readonly reasoning_content?: unknown };
}

/** Whether a chunk of a stream has text, a tool call or reasoning. The first chunks of a stream often have only a role. */
export function hasContent(chunk: unknown): boolean {
  const { message } = (chunk ?? {}) as { message?: ChunkMessage };
  if (!message) return false;
  const { content, tool_call_chunks, additional_kwargs } = message;
  if (tool_call_chunks?.length || additional_kwargs?.reasoning_content) return true;
  if (!Array.isArray(content)) return typeof content === "string" && content !== "";
  return content.some((part) => part?.text || part?.reasoning || part?.thinking);
}

/** The same for the events of `streamEvents` v3. */
export function startsContent(event: ChatModelStreamEvent): boolean {
  if (event.event === "content-block-delta") return true;
  return event.event === "content-block-start" && /tool/.test(event.content.type);
}
