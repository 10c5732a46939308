import type { RunnableConfig } from "@langchain/core/runnables";
import { isUnset } from "./session_id.js";
import { activeSessionIdOf } from "./sources.js";
import type { SessionLookup } from "./types.js";

/**
 * Whether to write a session id into a run's metadata, by which LangSmith, Langfuse and OpenInference group
 * runs. Not over a `session_id` of the user's, but over one that an outer wrapper wrote.
 */
export function isSessionMetadataFree(metadata: RunnableConfig["metadata"], lookup: SessionLookup): boolean {
  const present = metadata?.session_id;
  return isUnset(present) || present === activeSessionIdOf(lookup);
}
