import type { BaseMessage } from "@langchain/core/messages";
import { isPlainObject } from "../utils/is_plain_object.js";
import { areToolCallsAnswered, toolCallIds } from "./tool_calls.js";

/**
 * The key in an answer's `response_metadata` whose value is the digest of the answered history. A string,
 * because a checkpointer may store the answer as JSON. Only one chunk may have it, because `concat` joins strings.
 */
export const HISTORY_DIGEST_KEY = "litellm_answered";

/** A response, and the messages after it, which are all that a call must send. */
export interface Continuation {
  readonly previousResponseId: string;
  readonly messages: BaseMessage[];
}

/** Whether a value is the id of a response. LiteLLM's ids are opaque: `resp_` and 200 to 450 more characters. */
export function isResponseId(id: unknown): id is string {
  return typeof id === "string" && id.startsWith("resp_");
}

/** Finds the last answer that has a response id. Undefined if no message has one. */
export function findLastResponse(messages: readonly BaseMessage[]): { index: number; id: string } | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.getType() !== "ai") continue;
    const { id } = (message.response_metadata ?? {}) as { id?: unknown };
    if (isResponseId(id)) return { index, id };
  }
  return undefined;
}

/**
 * Finds the last response of a history and the messages after it. Does not check an answer without a digest, such
 * as one of a plain ChatOpenAI.
 *
 * @returns Undefined if a call must send the whole history: it has no response, or no message after the response;
 *   a tool call of the response is open; the digest differs, because the model or an earlier message changed.
 */
export async function continueHistory(messages: BaseMessage[], model: string): Promise<Continuation | undefined> {
  const last = findLastResponse(messages);
  if (!last) return undefined;
  const answer = messages[last.index] as BaseMessage;
  const newMessages = messages.slice(last.index + 1);
  if (newMessages.length === 0 || !areToolCallsAnswered(toolCallIds(answer), newMessages)) return undefined;
  const { [HISTORY_DIGEST_KEY]: digest } = answer.response_metadata as { [HISTORY_DIGEST_KEY]?: unknown };
  if (digest !== undefined && digest !== (await digestHistory(messages.slice(0, last.index), model))) return undefined;
  return { previousResponseId: last.id, messages: newMessages };
}

/**
 * Returns a digest of the requested model and of each message's role, content and tool calls. Leaves out the
 * ids of messages, which LangGraph assigns later.
 */
export function digestHistory(messages: readonly BaseMessage[], model: string): Promise<string> {
  const history = messages.map((message) => {
    const { tool_calls, tool_call_id, role } = message as {
      tool_calls?: { id?: string; name?: string; args?: unknown }[];
      tool_call_id?: string;
      role?: string;
    };
    const calls = tool_calls?.map(({ id, name, args }) => ({ id, name, args }));
    return [role ?? message.getType(), message.content, calls?.length ? calls : null, tool_call_id ?? null];
  });
  return sha256(JSON.stringify([model, history], sortKeys));
}

/** A database that stores messages as JSON may return the keys of an object in another order. */
function sortKeys(_key: string, value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** By WebCrypto, which Node, Bun, Deno, Workers and browsers have. Core's `sha256` returns another hash. */
async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
