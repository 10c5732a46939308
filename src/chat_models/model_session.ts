import type { Callbacks } from "@langchain/core/callbacks/manager";
import { enableStepTracking } from "../context/step_tracker.js";
import { checkLogSteps } from "../openai_client/fields.js";
import { type DefaultSession, resolveDefaultSession } from "../session/default_session.js";
import { type ResolvedSession, resolveModelSession } from "../session/precedence.js";
import { isUnset } from "../session/session_id.js";
import type { SessionLookup } from "../session/sources.js";
import { describeStep } from "../session/steps.js";
import { createSessionWriter, type SessionWriter } from "../transport/session_writer.js";
import { checkExtraBody } from "./call_options.js";
import type { SessionChatOpenAIFields } from "./fields.js";
import type { RequestContext } from "./request_context.js";

const SERIALIZED_FIELDS = [
  "sessionId",
  "missingSessionId",
  "sessionTransport",
  "usePreviousResponseId",
  "logSteps",
] as const satisfies readonly (keyof SessionChatOpenAIFields)[];

/** The session settings of a model, which its copies share. */
export class ModelSession {
  readonly default: DefaultSession;
  readonly writer: SessionWriter;
  private readonly logsSteps: boolean;

  /** The fields that the user set, for `lc_attributes`: `load` passes them to the constructor. */
  readonly serialized: Readonly<Record<string, unknown>>;

  /**
   * @throws {SessionIdError} if `sessionId` or `LITELLM_SESSION_ID` isn't an id.
   * @throws {TypeError} for an invalid `sessionTransport`, `missingSessionId` or `logSteps`.
   */
  constructor(fields: SessionChatOpenAIFields) {
    this.writer = createSessionWriter(fields.sessionTransport);
    this.default = resolveDefaultSession(fields);
    this.logsSteps = checkLogSteps(fields);
    if (this.logsSteps) enableStepTracking();
    const set = SERIALIZED_FIELDS.filter((key) => !isUnset(fields[key]));
    this.serialized = Object.fromEntries(set.map((key) => [key, fields[key]]));
  }

  /**
   * @throws {SessionIdError} as `resolveModelSession`, and for an id that the transport can't hold.
   * @throws {TypeError} for an invalid `extraBody`.
   */
  createContext(
    extraBody: unknown,
    lookup: SessionLookup,
    boundCallbacks: Callbacks | undefined,
    constructorCallbacks: Callbacks | undefined,
  ): RequestContext & { isGenerated: boolean } {
    const { id: sessionId, origin } = this.resolve(lookup, boundCallbacks, constructorCallbacks);
    if (sessionId !== undefined) this.writer.check(sessionId);
    const step = this.logsSteps ? describeStep(lookup) : undefined;
    return { sessionId, extraBody: checkExtraBody(extraBody), step, isGenerated: origin === "generated" };
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
