import type { RunnableConfig } from "@langchain/core/runnables";
import { isUnset } from "./session_id.js";
import { activeSessionIdOf, type SessionLookup } from "./sources.js";

/**
 * Whether `session_id` may be written into a run's metadata, by which LangSmith, Langfuse and OpenInference
 * group runs. It replaces the value of an outer wrapper, never the user's.
 */
export function canWriteSessionMetadata(metadata: RunnableConfig["metadata"], lookup: SessionLookup): boolean {
  const existingId = metadata?.session_id;
  return isUnset(existingId) || existingId === activeSessionIdOf(lookup);
}
