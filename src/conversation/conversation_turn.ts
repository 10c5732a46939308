import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { responseMetadataOf } from "../utils/response_metadata.js";
import { HISTORY_DIGEST_KEY, isResponseId } from "./history.js";
import { type ConversationBodyFields, type ConversationPlan, planConversation } from "./plan.js";
import { isPreviousResponseRejected } from "./rejection.js";

/** Sends one request with these messages. With `previousResponseId`, the request continues that response. */
export type Send<T> = (messages: BaseMessage[], previousResponseId?: string) => T;

/**
 * One call of a model that continues conversations. Sends the messages of the plan, or the whole history if the
 * proxy rejects the previous response. Stores in the answer the digest that the next call compares.
 */
export class ConversationTurn {
  constructor(
    private readonly messages: BaseMessage[],
    private readonly body: ConversationBodyFields,
    private readonly model: string,
  ) {}

  async generate(send: Send<Promise<ChatResult>>): Promise<ChatResult> {
    const plan = await this.plan();
    const result = await this.sendWithFallback(plan, send);
    const message = result.generations[0]?.message;
    if (message) setHistoryDigest(responseMetadataOf(message), plan);
    return result;
  }

  async *stream(send: Send<AsyncGenerator<ChatGenerationChunk>>): AsyncGenerator<ChatGenerationChunk> {
    const plan = await this.plan();
    let firstId: unknown;
    for await (const chunk of this.iterateWithFallback(plan, send)) {
      const metadata = responseMetadataOf(chunk.message);
      // Only the last chunk gets the response's id, so that nobody continues a stream that broke off. It is the id
      // in the last event, because a proxy may send another id in each event.
      if (metadata.id !== undefined) {
        firstId = metadata.id;
        delete metadata.id;
      }
      if (metadata.status !== undefined) {
        metadata.id = isResponseId(chunk.message.id) ? chunk.message.id : firstId;
        setHistoryDigest(metadata, plan);
      }
      yield chunk;
    }
  }

  /** The events of `streamEvents` v3. */
  async *events(send: Send<AsyncGenerator<ChatModelStreamEvent>>): AsyncGenerator<ChatModelStreamEvent> {
    const plan = await this.plan();
    for await (const event of this.iterateWithFallback(plan, send)) {
      if (event.event === "message-finish" && event.responseMetadata) setHistoryDigest(event.responseMetadata, plan);
      yield event;
    }
  }

  private plan(): Promise<ConversationPlan> {
    return planConversation(this.messages, this.body, this.model);
  }

  private async sendWithFallback<T>({ continuation }: ConversationPlan, send: Send<Promise<T>>): Promise<T> {
    if (!continuation) return send(this.messages);
    try {
      return await send(continuation.messages, continuation.previousResponseId);
    } catch (error) {
      if (!isPreviousResponseRejected(error, continuation.previousResponseId)) throw error;
      return send(this.messages);
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

function setHistoryDigest(metadata: Record<string, unknown>, { historyDigest }: ConversationPlan): void {
  if (historyDigest !== undefined) metadata[HISTORY_DIGEST_KEY] = historyDigest;
}
