import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { annotateError } from "../openai_client/observe_responses.js";
import { hasContent } from "../session/first_content.js";
import { observersOf } from "../session/steps.js";
import { costOf, type LiteLLMResponseMetadata, parseResponseHeaders } from "../transport/response_headers.js";
import { responseMetadataOf } from "../utils/response_metadata.js";
import type { RequestContext } from "./request_context.js";

/** The context of a call that sends a request. */
export type SentContext = RequestContext & Required<Pick<RequestContext, "request">>;

/** Adds LiteLLM's metadata to the answer of `_generate`, or `sessionId` and `callId` to its error. */
export function annotateResult(
  result: Promise<ChatResult>,
  { sessionId, request: { observation } }: SentContext,
): Promise<ChatResult> {
  return result.then(
    (answer) => {
      const { headers, isStream, isContinuable, usage, responseId } = observation;
      for (const { message } of answer.generations) {
        const metadata = responseMetadataOf(message);
        setLiteLLM(metadata, parseResponseHeaders(headers), costOf(headers, isStream ? { usage } : undefined));
        // With `streaming: true`, ChatOpenAI joins the chunks of a stream and uses the id of its first event.
        if (isStream && isContinuable) metadata.id = responseId;
      }
      return answer;
    },
    (error) => {
      throw annotateError(error, observation, sessionId);
    },
  );
}

/** Annotates a stream: the first chunk by the headers, the chunk with the usage by the cost. `concat` merges both. */
export function annotateChunks(
  chunks: AsyncGenerator<ChatGenerationChunk>,
  { sessionId, request: { observation, runManager } }: SentContext,
): AsyncGenerator<ChatGenerationChunk> {
  let hasReported = runManager === undefined;
  let isFirst = true;
  let hasCost = false;
  return tap(
    chunks,
    (chunk) => {
      const metadata = responseMetadataOf(chunk.message);
      if (!hasReported && hasContent(chunk)) {
        hasReported = true;
        for (const observer of observersOf(runManager)) observer.firstToken?.(runManager?.runId ?? "");
      }
      const { usage } = metadata;
      // Once: LangChain splits a chunk with text and usage into two, and `concat` would add up both costs.
      const costUsd = usage === undefined || hasCost ? undefined : costOf(observation.headers, { usage });
      setLiteLLM(metadata, isFirst ? parseResponseHeaders(observation.headers) : undefined, costUsd);
      hasCost ||= costUsd !== undefined;
      isFirst = false;
    },
    (error) => annotateError(error, observation, sessionId),
  );
}

/** Annotates the last event of `streamEvents` v3. */
export async function* annotateEvents(
  events: AsyncGenerator<ChatModelStreamEvent>,
  { sessionId, request: { observation } }: SentContext,
): AsyncGenerator<ChatModelStreamEvent> {
  try {
    for await (const event of events) {
      if (event.event === "message-finish") {
        const { headers, usage } = observation;
        const metadata = { ...event.responseMetadata };
        setLiteLLM(metadata, parseResponseHeaders(headers), costOf(headers, { usage }));
        const isChanged = metadata.litellm !== event.responseMetadata?.litellm;
        yield isChanged ? { ...event, responseMetadata: metadata } : event;
      } else yield event;
    }
  } catch (error) {
    throw annotateError(error, observation, sessionId);
  }
}

/** Sets the key `litellm`, and removes it if we have no data: LangChain copies all keys of a response, one `litellm` too. */
function setLiteLLM(
  metadata: Record<string, unknown>,
  fromHeaders: LiteLLMResponseMetadata | undefined,
  costUsd: number | undefined,
): void {
  if (fromHeaders || costUsd !== undefined) {
    metadata.litellm = { ...fromHeaders, ...(costUsd === undefined ? {} : { costUsd }) };
  } else if ("litellm" in metadata) {
    delete metadata.litellm;
    if ("litellm" in metadata) metadata.litellm = undefined; // From a `__proto__` in the response.
  }
}

/**
 * Calls `onValue` for each value and maps errors. A hand-written iterator, because an async generator costs three
 * more promises a chunk (bench: a stream takes 1.07 instead of 1.04 of ChatOpenAI's CPU time).
 */
function tap<T>(
  values: AsyncGenerator<T>,
  onValue: (value: T) => void,
  mapError: (error: unknown) => unknown,
): AsyncGenerator<T> {
  const onStep = (step: IteratorResult<T>) => {
    if (!step.done) onValue(step.value);
    return step;
  };
  const onError = (error: unknown) => {
    throw mapError(error);
  };
  return {
    next: () => values.next().then(onStep, onError),
    return: (value) => values.return(value),
    throw: (error) => values.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
