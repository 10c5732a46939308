import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { ownMetadata } from "../chat_models/response_metadata.js";
import {
  ANSWERED,
  answeredStamp,
  type Continuation,
  continueHistory,
  isContinuable,
  isRefusal,
  isResponseId,
  type OwnConversation,
} from "./history.js";

/** Makes the request: with these messages, after this response if there is one. */
type Send<T> = (messages: BaseMessage[], previousResponseId: string | undefined) => T;

/** What a call says about its conversation. */
export interface ConversationInput {
  readonly messages: BaseMessage[];
  /** The fields that the user put into the request body. */
  readonly body: OwnConversation;
  readonly zdrEnabled: boolean;
  readonly model: string;
}

/**
 * How a call continues its conversation, or undefined where nothing is chained: the provider does
 * not keep the answer, or keeps it in a `conversation`.
 */
export async function planConversation({
  messages,
  body,
  model,
  zdrEnabled,
}: ConversationInput): Promise<Conversation | undefined> {
  if (!isContinuable(body, zdrEnabled)) return undefined;
  if (body.previous_response_id !== undefined && body.previous_response_id !== null) {
    // Where the caller says what to continue, the messages do not tell what the answer answers.
    return new Conversation(messages, undefined, undefined);
  }
  const stamp = await answeredStamp(messages, model, digest);
  return new Conversation(messages, await continueHistory(messages, model, digest), stamp);
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

/** One call of a conversation. */
export class Conversation {
  constructor(
    private readonly messages: BaseMessage[],
    private readonly continuation: Continuation | undefined,
    private readonly stamp: string | undefined,
  ) {}

  /** A plain call. */
  async generate(send: Send<Promise<ChatResult>>): Promise<ChatResult> {
    const result = await this.sendOrResend(send);
    const message = result.generations[0]?.message;
    if (message) this.stampAnswer(ownMetadata(message));
    return result;
  }

  /** A streamed call. */
  async *stream(send: Send<AsyncGenerator<ChatGenerationChunk>>): AsyncGenerator<ChatGenerationChunk> {
    let created: unknown;
    for await (const chunk of this.open(send)) {
      const metadata = ownMetadata(chunk.message);
      // The id is told with the last chunk, so that an answer that was cut off is never continued;
      // it is the last chunk's, because a proxy may change it in between.
      if (metadata.id !== undefined) {
        created = metadata.id;
        delete metadata.id;
      }
      if (metadata.status !== undefined) {
        metadata.id = isResponseId(chunk.message.id) ? chunk.message.id : created;
        this.stampAnswer(metadata);
      }
      yield chunk;
    }
  }

  /** A streamed call in the events of `streamEvents` v3. */
  async *events(send: Send<AsyncGenerator<ChatModelStreamEvent>>): AsyncGenerator<ChatModelStreamEvent> {
    for await (const event of this.open(send)) {
      if (event.event === "message-finish" && event.responseMetadata) this.stampAnswer(event.responseMetadata);
      yield event;
    }
  }

  private async sendOrResend(send: Send<Promise<ChatResult>>): Promise<ChatResult> {
    const { continuation } = this;
    if (!continuation) return send(this.messages, undefined);
    try {
      return await send(continuation.messages, continuation.previousResponseId);
    } catch (error) {
      this.acceptRefusal(error);
      return send(this.messages, undefined);
    }
  }

  /** A refusal of the previous response comes before the first event; after it, an error is the caller's. */
  private async *open<T>(send: Send<AsyncGenerator<T>>): AsyncGenerator<T> {
    const { continuation } = this;
    let events = send(continuation?.messages ?? this.messages, continuation?.previousResponseId);
    let step: IteratorResult<T>;
    try {
      step = await events.next();
    } catch (error) {
      this.acceptRefusal(error);
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

  private acceptRefusal(error: unknown): void {
    if (!this.continuation || !isRefusal(error, this.continuation.previousResponseId)) throw error;
  }

  private stampAnswer(metadata: Record<string, unknown>): void {
    if (this.stamp !== undefined) metadata[ANSWERED] = this.stamp;
  }
}
