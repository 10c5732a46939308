import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Reply } from "../openai_client/observe_responses.js";
import { costOf, type LiteLLMResponseMetadata, parseResponseHeaders } from "../transport/response_headers.js";

/** Puts what the proxy said beside the answer into `response_metadata.litellm`. */
export function annotateResult(
  result: Promise<ChatResult>,
  reply: Reply,
  sessionId: string | undefined,
): Promise<ChatResult> {
  return result.then(
    (answered) => {
      for (const { message } of answered.generations) {
        const metadata = ownMetadata(message);
        const costUsd = costOf(reply.headers, reply.isStream ? { usage: reply.usage } : undefined);
        annotate(metadata, parseResponseHeaders(reply.headers), costUsd);
        // With `streaming: true` ChatOpenAI has joined a stream, and kept the id of its first event.
        if (reply.isStream && reply.isChained) metadata.id = reply.responseId;
      }
      return answered;
    },
    (error) => {
      throw annotateError(error, reply.headers, sessionId);
    },
  );
}

/** The same for a stream: the headers' part with its first chunk, the cost with its usage. `concat` merges both. */
export function annotateChunks(
  chunks: AsyncGenerator<ChatGenerationChunk>,
  reply: Reply,
  sessionId: string | undefined,
): AsyncGenerator<ChatGenerationChunk> {
  let isFirst = true;
  let costUsd: number | undefined;
  return tap(
    chunks,
    (chunk) => {
      const metadata = ownMetadata(chunk.message);
      const { usage } = metadata;
      if (isFirst) annotate(metadata, parseResponseHeaders(reply.headers), undefined);
      // Once: a chunk that brings text and usage comes as two, and `concat` adds numbers up.
      if (usage !== undefined && costUsd === undefined) {
        costUsd = costOf(reply.headers, { usage });
        annotate(metadata, undefined, costUsd);
      }
      isFirst = false;
    },
    (error) => annotateError(error, reply.headers, sessionId),
  );
}

/** Shows each value to `see`, and errors to `explain`. Not a generator: one around another takes three more promises a value. */
function tap<T>(
  values: AsyncGenerator<T>,
  see: (value: T) => void,
  explain: (error: unknown) => unknown,
): AsyncGenerator<T> {
  const seen = (step: IteratorResult<T>) => {
    if (!step.done) see(step.value);
    return step;
  };
  const explained = (error: unknown) => {
    throw explain(error);
  };
  return {
    next: () => values.next().then(seen, explained),
    return: (value) => values.return(value),
    throw: (error) => values.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The same for the events of `streamEvents` v3. */
export async function* annotateEvents(
  events: AsyncGenerator<ChatModelStreamEvent>,
  reply: Reply,
  sessionId: string | undefined,
): AsyncGenerator<ChatModelStreamEvent> {
  try {
    for await (const event of events) {
      if (event.event !== "message-finish") {
        yield event;
        continue;
      }
      const metadata = { ...event.responseMetadata };
      annotate(metadata, parseResponseHeaders(reply.headers), costOf(reply.headers, { usage: reply.usage }));
      yield metadata.litellm === undefined ? event : { ...event, responseMetadata: metadata };
    }
  } catch (error) {
    throw annotateError(error, reply.headers, sessionId);
  }
}

/** The error of a refused call with `sessionId` and `callId`, its class and message as they were. */
export function annotateError(error: unknown, headers: Headers | undefined, sessionId: string | undefined): unknown {
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return error;
  const callId = parseResponseHeaders(headers)?.callId;
  return Object.assign(error, sessionId === undefined ? {} : { sessionId }, callId === undefined ? {} : { callId });
}

function annotate(
  metadata: Record<string, unknown>,
  said: LiteLLMResponseMetadata | undefined,
  costUsd: number | undefined,
): void {
  if (!said && costUsd === undefined) return;
  metadata.litellm = { ...(metadata.litellm as object), ...said, ...(costUsd === undefined ? {} : { costUsd }) };
}

/** The `response_metadata` of an answer, to write into. */
export function ownMetadata(message: BaseMessage): Record<string, unknown> {
  message.response_metadata ??= {};
  return message.response_metadata;
}
