import type { BaseMessage } from "@langchain/core/messages";

/** The `response_metadata` of an answer, to read and to write. Some integrations leave it undefined. */
export function responseMetadataOf(message: BaseMessage): Record<string, unknown> {
  message.response_metadata ??= {};
  return message.response_metadata;
}
