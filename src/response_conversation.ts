import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { BaseStore } from "@langchain/core/stores";
import { ownMetadata } from "./annotate_answer.js";
import type { ResolvedSession } from "./resolve_session.js";
import {
  ANSWERED,
  answeredStamp,
  areAnswered,
  type Continuation,
  callId,
  continueHistory,
  findAnswer,
  isContinuable,
  isRefusal,
  isResponseId,
  type OwnConversation,
  pendingCalls,
} from "./response_chain.js";
import { type ResponseOwner, SessionResponse } from "./response_store.js";
import { warn } from "./warn.js";

/** Makes the request: with these messages, after this response if there is one. */
type Send<T> = (messages: BaseMessage[], previousResponseId: string | undefined) => T;

/** What a call says about its conversation. */
export interface ConversationInput {
  readonly messages: BaseMessage[];
  readonly session: ResolvedSession | undefined;
  readonly responseStore: BaseStore<string, string> | undefined;
  /** The fields that the user put into the request body. */
  readonly body: OwnConversation;
  readonly zdrEnabled: boolean;
  readonly owner: () => Promise<ResponseOwner>;
  readonly model: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * How a call continues its conversation, or undefined where nothing is chained: the provider does
 * not keep the answer, or keeps it in a `conversation`.
 */
export async function planConversation(input: ConversationInput): Promise<Conversation | undefined> {
  const { messages, body, model } = input;
  if (!isContinuable(body, input.zdrEnabled)) return undefined;
  const kept = await sessionResponse(input);
  if (body.previous_response_id !== undefined && body.previous_response_id !== null) {
    // Where the caller says what to continue, the messages do not tell what the answer answers.
    return new Conversation(messages, undefined, undefined, kept);
  }
  const stamp = await answeredStamp(messages, model, digest);
  const continuation = await continueHistory(messages, model, digest);
  if (continuation || findAnswer(messages) || !kept) return new Conversation(messages, continuation, stamp, kept);

  const last = await kept.read();
  if (!last) return new Conversation(messages, undefined, stamp, kept);
  if (!areAnswered(last.pendingCalls, messages)) {
    // The session's agent waits for its tools, and this is a call that one of them makes.
    return new Conversation(messages, undefined, stamp, undefined);
  }
  return new Conversation(messages, { previousResponseId: last.id, messages }, stamp, kept, true);
}

/** Whether a call's session has a conversation in the store: one that somebody named, and not only the process or the model object. */
export function isConversation(session: ResolvedSession | undefined): session is ResolvedSession {
  return session !== undefined && session.origin !== "environment" && session.origin !== "generated";
}

async function sessionResponse(input: ConversationInput): Promise<SessionResponse | undefined> {
  const { responseStore, session } = input;
  if (!responseStore || !isConversation(session)) return undefined;
  return SessionResponse.of(responseStore, session.id, await input.owner(), digest, input.signal);
}

/** The chunks of a call, once it is known how its conversation continues. */
export async function* streamConversation(
  plan: () => Promise<Conversation | undefined>,
  send: (messages: BaseMessage[], previousResponseId?: string) => AsyncGenerator<ChatGenerationChunk>,
  messages: BaseMessage[],
): AsyncGenerator<ChatGenerationChunk> {
  const conversation = await plan();
  yield* conversation ? conversation.stream(send) : send(messages);
}

/** SHA-256, by WebCrypto: it is there in Node, Bun, Deno, Workers and browsers' secure contexts. */
async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The ids of the tool calls that a chunk begins, or that it sums up. */
function callsOfChunk(message: BaseMessage): string[] {
  const { tool_call_chunks } = message as { tool_call_chunks?: { id?: string }[] };
  const begun = tool_call_chunks?.map(({ id }) => id).filter((id) => id !== undefined) ?? [];
  return [...begun, ...pendingCalls(message)];
}

/** One call of a conversation. */
export class Conversation {
  private answer: { readonly id: string; readonly pendingCalls: readonly string[] } | undefined;

  constructor(
    private readonly messages: BaseMessage[],
    private readonly continuation: Continuation | undefined,
    private readonly stamp: string | undefined,
    private readonly kept: SessionResponse | undefined,
    private readonly isFromStore = false,
  ) {}

  /** A plain call. */
  async generate(send: Send<Promise<ChatResult>>): Promise<ChatResult> {
    const { continuation } = this;
    let result: ChatResult;
    if (continuation) {
      try {
        result = await send(continuation.messages, continuation.previousResponseId);
      } catch (error) {
        this.acceptRefusal(error, continuation);
        result = await send(this.messages, undefined);
      }
    } else {
      result = await send(this.messages, undefined);
    }
    const message = result.generations[0]?.message;
    if (message) {
      const metadata = ownMetadata(message);
      this.stampAnswer(metadata);
      this.noteAnswer(metadata, pendingCalls(message));
    }
    await this.keepAnswer();
    return result;
  }

  /** A streamed call. */
  async *stream(send: Send<AsyncGenerator<ChatGenerationChunk>>): AsyncGenerator<ChatGenerationChunk> {
    let created: unknown;
    const calls = new Set<string>();
    for await (const chunk of this.open(send)) {
      const { message } = chunk;
      const metadata = ownMetadata(message);
      for (const call of callsOfChunk(message)) calls.add(call);
      // The id is told with the last chunk, so that an answer that was cut off is never continued;
      // it is the last chunk's, because a proxy may change it in between.
      if (metadata.id !== undefined) {
        created = metadata.id;
        delete metadata.id;
      }
      if (metadata.status !== undefined) {
        metadata.id = isResponseId(message.id) ? message.id : created;
        this.stampAnswer(metadata);
        this.noteAnswer(metadata, [...calls]);
      }
      yield chunk;
    }
    await this.keepAnswer();
  }

  /** A streamed call in the events of `streamEvents` v3. */
  async *events(send: Send<AsyncGenerator<ChatModelStreamEvent>>): AsyncGenerator<ChatModelStreamEvent> {
    const calls: (string | undefined)[] = [];
    for await (const event of this.open(send)) {
      if (event.event === "content-block-finish" && /^(invalid_)?tool_call$/.test(event.content.type)) {
        calls.push((event.content as { id?: string }).id);
      } else if (event.event === "provider" && event.name === "response.output_item.done") {
        calls.push(callId((event.payload as { item?: unknown }).item));
      } else if (event.event === "message-finish" && event.responseMetadata) {
        this.stampAnswer(event.responseMetadata);
        this.noteAnswer(
          event.responseMetadata,
          calls.filter((id) => id !== undefined),
        );
      }
      yield event;
    }
    await this.keepAnswer();
  }

  /** A refusal of the previous response comes before the first event; after it, an error is the caller's. */
  private async *open<T>(send: Send<AsyncGenerator<T>>): AsyncGenerator<T> {
    const { continuation } = this;
    let events = send(continuation?.messages ?? this.messages, continuation?.previousResponseId);
    let step: IteratorResult<T>;
    try {
      step = await events.next();
    } catch (error) {
      this.acceptRefusal(error, continuation);
      events = send(this.messages, undefined);
      step = await events.next();
    }
    try {
      while (!step.done) {
        yield step.value;
        step = await events.next();
      }
    } finally {
      await events.return(undefined);
    }
  }

  private acceptRefusal(error: unknown, continuation: Continuation | undefined): void {
    if (!continuation || !isRefusal(error, continuation.previousResponseId)) throw error;
    if (this.isFromStore) warn("The session's last answer can't be continued any more, so this call starts afresh");
  }

  private stampAnswer(metadata: Record<string, unknown>): void {
    if (this.stamp !== undefined) metadata[ANSWERED] = this.stamp;
  }

  private noteAnswer({ id, status }: Record<string, unknown>, pendingCalls: readonly string[]): void {
    const isComplete = status === undefined || status === "completed";
    this.answer = isComplete && isResponseId(id) ? { id, pendingCalls } : undefined;
  }

  private async keepAnswer(): Promise<void> {
    if (this.answer) await this.kept?.write(this.answer);
  }
}
