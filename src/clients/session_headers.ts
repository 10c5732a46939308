import type { RunnableConfig } from "@langchain/core/runnables";
import { enableImplicitConfig } from "../context/async_context.js";
import { getSessionId } from "../context/get_session_id.js";
import { createSessionWriter } from "../transport/session_writer.js";
import { checkFields } from "../utils/check_fields.js";

/** The config of {@link sessionHeaders}. */
export interface SessionHeadersConfig extends RunnableConfig {
  /** The session: 1 to 1,024 characters. `false`: none. Empty string: unset. */
  sessionId?: string | false | undefined;
}

/**
 * Returns the session's header, `x-litellm-session-id`, for a WebSocket or an SDK that takes headers and no `fetch`.
 * LiteLLM groups by the header alone from about 1.90 on. Empty if neither the config nor LangChain's implicit config
 * names a session.
 *
 * @param config The config of a tool or lambda, or `{ sessionId }`. Default: only the implicit config, from the run
 *   that calls this.
 * @throws {SessionIdError} for an id that is none, or that no header can hold: it must be printable ASCII.
 * @throws {TypeError} for a config that is no object.
 *
 * @example
 * ```typescript
 * const headers = { Authorization: `Bearer ${process.env.LITELLM_API_KEY}`, ...sessionHeaders({ sessionId: "conversation-42" }) };
 * const socket = new WebSocket("ws://localhost:4000/v1/realtime?model=gpt-realtime", { headers });
 * ```
 */
export function sessionHeaders(config?: SessionHeadersConfig): Record<string, string> {
  enableImplicitConfig();
  const id = getSessionId(checkFields(config, 'sessionHeaders({ sessionId: "conversation-42" })'));
  if (id === undefined) return {};
  const writer = createSessionWriter("headers");
  writer.check(id);
  return { ...writer.additions({ body: {}, headers: undefined }, id, { baseURL: undefined })?.headers };
}
