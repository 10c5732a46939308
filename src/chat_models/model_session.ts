import type { Callbacks } from "@langchain/core/callbacks/manager";
import { type DefaultSession, resolveDefaultSession } from "../session/default_session.js";
import { type ResolvedSession, resolveModelSession } from "../session/precedence.js";
import { isUnset } from "../session/session_id.js";
import type { SessionLookup } from "../session/sources.js";
import { createSessionWriter, type SessionWriter } from "../transport/session_writer.js";
import type { SessionChatOpenAIFields } from "./fields.js";

const SERIALIZED_FIELDS = [
  "sessionId",
  "missingSessionId",
  "sessionTransport",
  "usePreviousResponseId",
] as const satisfies readonly (keyof SessionChatOpenAIFields)[];

/** The session settings of a model, which its copies share. */
export class ModelSession {
  readonly default: DefaultSession;
  readonly writer: SessionWriter;

  /** The fields that the user set, for `lc_attributes`: `load` passes them to the constructor. */
  readonly serialized: Readonly<Record<string, unknown>>;

  /**
   * @throws {SessionIdError} if `sessionId` or `LITELLM_SESSION_ID` isn't an id.
   * @throws {TypeError} for an invalid `sessionTransport` or `missingSessionId`.
   */
  constructor(fields: SessionChatOpenAIFields) {
    this.writer = createSessionWriter(fields.sessionTransport);
    this.default = resolveDefaultSession(fields);
    const set = SERIALIZED_FIELDS.filter((key) => !isUnset(fields[key]));
    this.serialized = Object.fromEntries(set.map((key) => [key, fields[key]]));
  }

  /** @throws {SessionIdError} as `resolveModelSession`. */
  resolve(
    lookup: SessionLookup,
    boundCallbacks: Callbacks | undefined,
    constructorCallbacks: Callbacks | undefined,
  ): ResolvedSession {
    return resolveModelSession(lookup, { session: this.default, boundCallbacks, constructorCallbacks });
  }
}
