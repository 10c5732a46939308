import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { Reply } from "./inner_model.js";
import { costOfUsage, type LiteLLMResponseMetadata, parseResponseHeaders } from "./litellm_response.js";

/** Puts what the proxy said beside the answer into `response_metadata.litellm`. */
export async function annotateResult(
  result: Promise<ChatResult>,
  reply: Reply,
  sessionId: string | undefined,
): Promise<ChatResult> {
  try {
    const { generations, ...rest } = await result;
    const said = parseResponseHeaders(reply.headers);
    for (const { message } of generations) {
      const metadata = metadataOf(message);
      const costUsd = said?.costUsd ?? costOfUsage(metadata.usage);
      if (said || costUsd !== undefined) metadata.litellm = withCost(said, costUsd);
    }
    return { generations, ...rest };
  } catch (error) {
    throw annotateError(error, reply, sessionId);
  }
}

/** The same for a stream: the headers' part with its first chunk, the cost with its usage. `concat` merges both. */
export async function* annotateChunks(
  chunks: AsyncGenerator<ChatGenerationChunk>,
  reply: Reply,
  sessionId: string | undefined,
): AsyncGenerator<ChatGenerationChunk> {
  try {
    let isFirst = true;
    for await (const chunk of chunks) {
      const metadata = metadataOf(chunk.message);
      const said = isFirst ? parseResponseHeaders(reply.headers) : undefined;
      const costUsd = costOfUsage(metadata.usage);
      if (said || costUsd !== undefined) metadata.litellm = withCost(said, costUsd);
      isFirst = false;
      yield chunk;
    }
  } catch (error) {
    throw annotateError(error, reply, sessionId);
  }
}

/** The same for the events of `streamEvents` v3. */
export async function* annotateEvents(
  events: AsyncGenerator<ChatModelStreamEvent>,
  reply: Reply,
  sessionId: string | undefined,
): AsyncGenerator<ChatModelStreamEvent> {
  try {
    for await (const event of events) {
      const said = event.event === "message-finish" ? parseResponseHeaders(reply.headers) : undefined;
      if (event.event === "message-finish" && (said || reply.costUsd !== undefined)) {
        const litellm = withCost(said, said?.costUsd ?? reply.costUsd);
        yield { ...event, responseMetadata: { ...event.responseMetadata, litellm } };
      } else {
        yield event;
      }
    }
  } catch (error) {
    throw annotateError(error, reply, sessionId);
  }
}

/** The error of a refused call with `sessionId` and `callId`, its class and message as they were. */
function annotateError(error: unknown, reply: Reply, sessionId: string | undefined): unknown {
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return error;
  const callId = parseResponseHeaders(reply.headers)?.callId;
  return Object.assign(error, sessionId === undefined ? {} : { sessionId }, callId === undefined ? {} : { callId });
}

function withCost(said: LiteLLMResponseMetadata | undefined, costUsd: number | undefined): LiteLLMResponseMetadata {
  return costUsd === undefined ? { ...said } : { ...said, costUsd };
}

function metadataOf(message: BaseMessage): Record<string, unknown> {
  message.response_metadata ??= {};
  return message.response_metadata;
}
