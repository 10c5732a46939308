import type { BaseMessage } from "@langchain/core/messages";
import { isPlainObject } from "../utils/is_plain_object.js";

/**
 * The key in `response_metadata` of an answer that says what it answered: a digest. One string,
 * because `concat` joins strings and an answer goes through JSON in a checkpointer.
 */
export const ANSWERED = "litellm_answered";

/** Hashes a text. */
export type Digest = (text: string) => Promise<string>;

/** How a conversation continues: what to send, and after which answer. */
export interface Continuation {
  readonly previousResponseId: string;
  readonly messages: BaseMessage[];
}

/** The message that `previous_response_id` can name: the last one with an id of a response. */
export function findAnswer(messages: readonly BaseMessage[]): { index: number; id: string } | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.getType() !== "ai") continue;
    const { id } = metadataOf(message);
    if (isResponseId(id)) return { index, id };
  }
  return undefined;
}

/** A message's `response_metadata`, in a type that can be read. */
function metadataOf(message: BaseMessage): Record<string, unknown> {
  return message.response_metadata ?? {};
}

/** Whether a value is the id of a response. LiteLLM's are opaque: `resp_` and some hundred characters. */
export function isResponseId(id: unknown): id is string {
  return typeof id === "string" && id.startsWith("resp_");
}

/**
 * How a history continues from the last answer in it, or undefined where the whole of it must be
 * sent: it holds no answer or nothing new; the answer was another model's, or what it answered has
 * been edited, trimmed or summarised since; a tool call of the answer is open. An answer without a
 * stamp, such as a plain ChatOpenAI's, is taken unchecked.
 */
export async function continueHistory(
  messages: BaseMessage[],
  model: string,
  digest: Digest,
): Promise<Continuation | undefined> {
  const answer = findAnswer(messages);
  if (!answer) return undefined;
  const added = messages.slice(answer.index + 1);
  const message = messages[answer.index] as BaseMessage;
  if (added.length === 0 || !areAnswered(pendingCalls(message), added)) return undefined;
  const stamp = metadataOf(message)[ANSWERED];
  const asked = messages.slice(0, answer.index);
  if (stamp !== undefined && stamp !== (await answeredStamp(asked, model, digest))) return undefined;
  return { previousResponseId: answer.id, messages: added };
}

/**
 * The stamp of an answer: a digest of the model that was asked for and of the messages, by role,
 * content and tool calls. Not by message ids, which LangGraph assigns later.
 */
export function answeredStamp(messages: readonly BaseMessage[], model: string, digest: Digest): Promise<string> {
  const asked = messages.map((message) => {
    const { tool_calls, tool_call_id, role } = message as {
      tool_calls?: ToolCall[];
      tool_call_id?: string;
      role?: string;
    };
    const calls = tool_calls?.map(({ id, name, args }) => ({ id, name, args }));
    return [role ?? message.getType(), message.content, calls?.length ? calls : null, tool_call_id ?? null];
  });
  return digest(JSON.stringify([model, asked], sortKeys));
}

interface ToolCall {
  id?: string;
  name?: string;
  args?: unknown;
}

/** A database that keeps messages as JSON may hand an object's keys back in another order. */
function sortKeys(_key: string, value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The ids of an answer's tool calls, custom, computer and malformed ones included. */
export function pendingCalls(answer: BaseMessage): string[] {
  const { tool_calls, invalid_tool_calls } = answer as { tool_calls?: ToolCall[]; invalid_tool_calls?: ToolCall[] };
  const { output } = metadataOf(answer);
  const items: readonly unknown[] = Array.isArray(output) ? output : [];
  const blocks: readonly { type?: string; id?: string }[] = Array.isArray(answer.content) ? answer.content : [];
  const ids = [
    ...[...(tool_calls ?? []), ...(invalid_tool_calls ?? [])].map((call) => call.id),
    ...blocks.filter(({ type }) => CALL_BLOCKS.includes(type as string)).map(({ id }) => id),
    ...items.map((item) => callId(item)),
  ];
  return [...new Set(ids.filter((id): id is string => typeof id === "string" && id !== ""))];
}

/** Blocks of content, as `streamEvents` v3 gives them. */
const CALL_BLOCKS = ["tool_call", "invalid_tool_call"];

const CALL_ITEMS = ["function_call", "custom_tool_call", "computer_call"];

/** The id of the tool call that an output item of a response is, if it is one. */
export function callId(item: unknown): string | undefined {
  const { type, call_id } = (item ?? {}) as { type?: unknown; call_id?: unknown };
  return CALL_ITEMS.includes(type as string) && typeof call_id === "string" ? call_id : undefined;
}

/** Whether each of the tool calls is answered by a message. */
export function areAnswered(calls: readonly string[], messages: readonly BaseMessage[]): boolean {
  const answered = new Set(messages.map((message) => (message as { tool_call_id?: string }).tool_call_id));
  return calls.every((call) => answered.has(call));
}

/** Body fields by which the caller keeps the conversation, or keeps the provider from keeping it. */
export interface OwnConversation {
  readonly store?: unknown;
  readonly conversation?: unknown;
  readonly previous_response_id?: unknown;
}

/** Whether an answer to such a request can be continued later: it is kept, and not in a `conversation`. */
export function isContinuable(body: OwnConversation, zdrEnabled: boolean): boolean {
  return !zdrEnabled && body.store !== false && (body.conversation === undefined || body.conversation === null);
}

/**
 * Whether an error says that the previous response can't be continued from: it is unknown, expired
 * or another key's. OpenAI names it in `code`; LiteLLM only inside the message text, after
 * `litellm.BadRequestError: OpenAIException - {"error":{…}}`, or in words: `Forbidden. The response
 * id is not associated with the user, who this key belongs to`.
 */
export function isRefusal(error: unknown, previousResponseId: string): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { status, code, param, message } = error as Record<"status" | "code" | "param" | "message", unknown>;
  if (status !== 400 && status !== 403 && status !== 404) return false;
  if (code === "previous_response_not_found" || param === "previous_response_id") return true;
  return (
    typeof message === "string" &&
    (message.includes(previousResponseId) || /previous_response|\bresponse id\b|\bresp_/i.test(message))
  );
}
