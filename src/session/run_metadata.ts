import type { RunnableConfig } from "@langchain/core/runnables";
import { isUnset } from "./session_id.js";
import { activeSessionIdOf } from "./sources.js";
import type { ResolvedSession, SessionLookup } from "./types.js";

type Metadata = RunnableConfig["metadata"];

/**
 * The `session_id` to write into a run's metadata, by which LangSmith, Langfuse and OpenInference group runs.
 *
 * @returns Undefined if nothing is to be written: the user set one, or the id was generated for the model
 *   object, which would only add noise to traces. One that an outer wrapper wrote is replaced.
 */
export function metadataSessionId(
  metadata: Metadata,
  session: ResolvedSession,
  lookup: SessionLookup,
): string | undefined {
  const present = metadata?.session_id;
  const isUsers = !isUnset(present) && present !== activeSessionIdOf(lookup);
  return isUsers || session.origin === "generated" ? undefined : session.id;
}

/** The run's metadata with its {@link metadataSessionId}. */
export function withSessionMetadata(metadata: Metadata, session: ResolvedSession, lookup: SessionLookup): Metadata {
  const id = metadataSessionId(metadata, session, lookup);
  return id === undefined ? metadata : { ...metadata, session_id: id };
}
