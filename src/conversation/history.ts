import type { BaseMessage } from "@langchain/core/messages";
import { isPlainObject } from "../utils/is_plain_object.js";
import { responseMetadataOf } from "../utils/response_metadata.js";
import { areToolCallsAnswered, toolCallIds } from "./tool_calls.js";

/**
 * The key in an answer's `response_metadata` of the digest of the history that it answered. One string,
 * because `concat` joins strings, and a checkpointer may store the answer as JSON.
 */
export const HISTORY_DIGEST_KEY = "litellm_answered";

/** What to send of a history: the messages after a response. */
export interface Continuation {
  readonly previousResponseId: string;
  readonly messages: BaseMessage[];
}

/** Whether a value is the id of a response. LiteLLM's are opaque: `resp_` and 200 to 450 more characters. */
export function isResponseId(id: unknown): id is string {
  return typeof id === "string" && id.startsWith("resp_");
}

/** The last answer that `previous_response_id` can name. Undefined if the messages hold none. */
export function findLastResponse(messages: readonly BaseMessage[]): { index: number; id: string } | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.getType() !== "ai") continue;
    const { id } = responseMetadataOf(message);
    if (isResponseId(id)) return { index, id };
  }
  return undefined;
}

/**
 * How a history continues from the last response in it. An answer without a digest, such as a plain
 * ChatOpenAI's, is continued unchecked.
 *
 * @returns Undefined if the whole history must be sent: it holds no response or no message after it; another model
 *   made the response; the messages before it were edited, trimmed or summarised since; one of its tool calls is open.
 */
export async function continueHistory(messages: BaseMessage[], model: string): Promise<Continuation | undefined> {
  const last = findLastResponse(messages);
  if (!last) return undefined;
  const answer = messages[last.index] as BaseMessage;
  const newMessages = messages.slice(last.index + 1);
  if (newMessages.length === 0 || !areToolCallsAnswered(toolCallIds(answer), newMessages)) return undefined;
  const digest = responseMetadataOf(answer)[HISTORY_DIGEST_KEY];
  if (digest !== undefined && digest !== (await digestHistory(messages.slice(0, last.index), model))) return undefined;
  return { previousResponseId: last.id, messages: newMessages };
}

/**
 * A digest of the model that was asked for and of the messages: role, content and tool calls. Without the ids
 * of messages, which LangGraph assigns later.
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
