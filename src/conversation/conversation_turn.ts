import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { responseMetadataOf } from "../utils/response_metadata.js";
import { isResponseId, STAMP_KEY } from "./history.js";
import { type ConversationCall, type ConversationPlan, planConversation } from "./plan.js";
import { isPreviousResponseRejected } from "./rejection.js";

/** Sends one request with these messages. With `previousResponseId`, the request continues that response. */
export type Send<T> = (messages: BaseMessage[], previousResponseId?: string) => T;

/**
 * The messages that LangChain makes of an answer, of the chunks of a stream, or of the content blocks of an event
 * stream. The stamp covers the whole answer, and the last chunk or event must have it.
 */
export interface AnswerForms {
  ofAnswer(answer: BaseMessage): BaseMessage[];
  ofChunks(chunks: readonly AIMessageChunk[]): BaseMessage[];
  ofBlocks(blocks: readonly unknown[], responseMetadata: Readonly<Record<string, unknown>>): BaseMessage[];
}

/**
 * One call of a model that continues conversations. Sends the messages of the plan, or the whole history if the
 * proxy rejects the previous response. Stores in the answer the stamp that the next call verifies.
 */
export class ConversationTurn {
  constructor(
    private readonly call: ConversationCall,
    private readonly forms: AnswerForms,
  ) {}

  async generate(send: Send<Promise<ChatResult>>): Promise<ChatResult> {
    const plan = await planConversation(this.call);
    const result = await this.sendWithFallback(plan, send);
    const message = result.generations[0]?.message;
    if (message) await setStamp(responseMetadataOf(message), plan, () => this.forms.ofAnswer(message));
    return result;
  }

  async *stream(send: Send<AsyncGenerator<ChatGenerationChunk>>): AsyncGenerator<ChatGenerationChunk> {
    const plan = await planConversation(this.call);
    const chunks: AIMessageChunk[] = [];
    let firstId: unknown;
    for await (const chunk of this.iterateWithFallback(plan, send)) {
      const metadata = responseMetadataOf(chunk.message);
      // Only the last chunk gets the response's id, so that nobody continues a stream that broke off. It is the id
      // in the last event, because a proxy may send another id in each event.
      if (metadata.id !== undefined) {
        firstId = metadata.id;
        delete metadata.id;
      }
      chunks.push(chunk.message as AIMessageChunk);
      if (metadata.status !== undefined) {
        metadata.id = isResponseId(chunk.message.id) ? chunk.message.id : firstId;
        await setStamp(metadata, plan, () => this.forms.ofChunks(chunks));
      }
      yield chunk;
    }
  }

  /** The events of `streamEvents` v3. */
  async *events(send: Send<AsyncGenerator<ChatModelStreamEvent>>): AsyncGenerator<ChatModelStreamEvent> {
    const plan = await planConversation(this.call);
    const blocks: unknown[] = [];
    for await (const event of this.iterateWithFallback(plan, send)) {
      if (event.event === "content-block-finish") blocks[event.index] = event.content;
      const metadata = event.event === "message-finish" ? event.responseMetadata : undefined;
      if (metadata) await setStamp(metadata, plan, () => this.forms.ofBlocks(blocks, metadata));
      yield event;
    }
  }

  private async sendWithFallback<T>({ continuation }: ConversationPlan, send: Send<Promise<T>>): Promise<T> {
    if (!continuation) return send(this.call.messages);
    try {
      return await send(continuation.messages, continuation.previousResponseId);
    } catch (error) {
      if (!isPreviousResponseRejected(error)) throw error;
      return send(this.call.messages);
    }
  }

  /** The proxy rejects a previous response before the first event. Later errors reach the caller. */
  private async *iterateWithFallback<T>(plan: ConversationPlan, send: Send<AsyncGenerator<T>>): AsyncGenerator<T> {
    const [events, first] = await this.sendWithFallback(plan, async (messages, previousResponseId) => {
      const stream = send(messages, previousResponseId);
      return [stream, await stream.next()] as const;
    });
    try {
      if (first.done) return;
      yield first.value;
      yield* events;
    } finally {
      await events.return(undefined);
    }
  }
}

async function setStamp(
  metadata: Record<string, unknown>,
  { history }: ConversationPlan,
  formsOfAnswer: () => BaseMessage[],
): Promise<void> {
  try {
    const stamp = await history?.stamp(formsOfAnswer());
    if (stamp !== undefined) metadata[STAMP_KEY] = stamp;
  } catch {
    // Chunks that LangChain can't join, or an answer that can't be written. Nobody continues it.
  }
}
