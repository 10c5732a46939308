import type { BaseMessage } from "@langchain/core/messages";
import { CanonicalWriter } from "./canonical_text.js";
import { areToolCallsAnswered, toolCallIds } from "./tool_calls.js";

/**
 * The key in an answer's `response_metadata` whose value is the stamp: the keyed digest of the answer and of the
 * history before it. A string, because a checkpointer may store the answer as JSON. Only one chunk may have it,
 * because `concat` joins strings.
 */
export const STAMP_KEY = "litellm_answered";

/** A response, and the messages after it, which are all that a call must send. */
export interface Continuation {
  readonly previousResponseId: string;
  readonly messages: BaseMessage[];
}

/** A response in a history. */
export interface Response {
  readonly index: number;
  readonly id: string;
  readonly stamp: unknown;
}

/** Whether a value is the id of a response. LiteLLM's ids are opaque: `resp_` and 200 to 450 more characters. */
export function isResponseId(id: unknown): id is string {
  return typeof id === "string" && id.startsWith("resp_");
}

/** Finds the last answer that has a response id. Undefined if no message has one. */
export function findLastResponse(messages: readonly BaseMessage[]): Response | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.getType() !== "ai") continue;
    const { id, [STAMP_KEY]: stamp } = (message.response_metadata ?? {}) as { id?: unknown; [STAMP_KEY]?: unknown };
    if (isResponseId(id)) return { index, id, stamp };
  }
  return undefined;
}

/**
 * The continuation of a response, if its stamp is valid. Undefined if no message follows the response, or if a tool
 * call of it is open.
 */
export function continueResponse(messages: BaseMessage[], { index, id }: Response): Continuation | undefined {
  const newMessages = messages.slice(index + 1);
  const isAnswered = areToolCallsAnswered(toolCallIds(messages[index] as BaseMessage), newMessages);
  return newMessages.length > 0 && isAnswered ? { previousResponseId: id, messages: newMessages } : undefined;
}

/** The fields of the message classes. */
interface MessageFields {
  readonly role?: unknown;
  readonly tool_calls?: unknown;
  readonly invalid_tool_calls?: unknown;
  readonly tool_call_id?: unknown;
  readonly status?: unknown;
}

/**
 * Returns all of a message that decides what the provider sees, as one line of text. Leaves out:
 * - the message's id, which LangGraph assigns later;
 * - the name of an answer, which `createAgent` assigns later, and which no request to `/responses` has;
 * - numbers of tokens, and metadata that no request has.
 *
 * @throws for a value that can't be written, such as one that contains itself.
 */
export function writeMessage(message: BaseMessage): string {
  const { role, tool_calls, invalid_tool_calls, tool_call_id, status } = message as MessageFields;
  const { content, name, additional_kwargs, response_metadata } = message;
  const type = message.getType();
  const writer = new CanonicalWriter();
  // The message classes create some fields that a caller or a database left out: an empty value is none.
  const field = (key: string, value: unknown) => {
    const text = value === undefined || value === null ? undefined : writer.write(value);
    return text === undefined || text === "{}" || text === "[]" ? "" : `${key}=${text};`;
  };
  let line = field("type", type) + field("content", content) + field("additional_kwargs", additional_kwargs);
  if (type === "ai") line += field("tool_calls", tool_calls) + field("invalid_tool_calls", invalid_tool_calls);
  else
    line += field("role", role) + field("name", name) + field("tool_call_id", tool_call_id) + field("status", status);
  if (!response_metadata) return `${line}\n`;
  const { output, output_version, model_provider, status: responseStatus } = response_metadata as Metadata;
  line += field("output", output) + field("output_version", output_version) + field("model_provider", model_provider);
  return `${line}${field("response_status", responseStatus)}\n`;
}

/** The metadata that `ChatOpenAI` reads when it sends a message. */
type Metadata = Partial<Record<"output" | "output_version" | "model_provider" | "status", unknown>>;
