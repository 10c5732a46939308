import type { BaseMessage } from "@langchain/core/messages";

/** Returns the `response_metadata` of an answer, and creates it if an integration left it undefined. */
export function responseMetadataOf(message: BaseMessage): Record<string, unknown> {
  message.response_metadata ??= {};
  return message.response_metadata;
}
