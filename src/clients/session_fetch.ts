import { enableImplicitConfig } from "../context/async_context.js";
import { getSessionId } from "../context/get_session_id.js";
import { checkSessionId, isUnset } from "../session/session_id.js";
import type { SessionTransport } from "../transport/named_transports.js";
import { createSessionWriter } from "../transport/session_writer.js";
import { checkFields } from "../utils/check_fields.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import { parseJson } from "../utils/parse_json.js";

/** Options of {@link sessionFetch}. */
export interface SessionFetchOptions {
  /**
   * The session of the requests, or a function that `sessionFetch` calls for each request. If the function returns
   * an empty string or undefined, the request has no session. Empty string: unset. Default: the session of the
   * LangChain run that makes the request, if any.
   */
  sessionId?: string | (() => string | undefined) | undefined;
  /** The `fetch` that makes the requests. Default: the global `fetch` at the time of the request. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Which fields and headers of a request hold the session id. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
}

const OPTION = 'sessionFetch option "sessionId"';

/**
 * Returns a `fetch` that writes a session id into JSON POST requests, for the `openai` SDK, the Vercel AI SDK or
 * another LangChain class. Other methods pass unchanged, and so do bodies that are not the text of a JSON object.
 *
 * Set `sessionId` for a LangChain class with a `maxConcurrency` (`OpenAIEmbeddings`: 2 by default). Such a class
 * starts a queued request in the async context of the call that ended, which may be in another session.
 *
 * @throws {SessionIdError} from the call or a request, before it is sent, for an id that can't be sent.
 * @throws {TypeError} from the call, for an invalid `sessionTransport`.
 *
 * @example
 * ```typescript
 * const openai = new OpenAI({ baseURL: "http://localhost:4000", fetch: sessionFetch({ sessionId: "conversation-42" }) });
 * ```
 */
export function sessionFetch(optionsArg: SessionFetchOptions = {}): typeof globalThis.fetch {
  const options = checkFields(optionsArg, 'sessionFetch({ sessionId: "conversation-42" })');
  const writer = createSessionWriter(options.sessionTransport);
  const { sessionId } = options;
  if (typeof sessionId !== "function" && !isUnset(sessionId)) checkSessionId(sessionId, OPTION);
  enableImplicitConfig();

  return async (input, init) => {
    const send = options.fetch ?? globalThis.fetch;
    const source = isUnset(sessionId) ? getSessionId() : sessionId;
    const value: unknown = typeof source === "function" ? source() : source;
    if (isUnset(value)) return send(input, init);

    const request = input instanceof Request ? input : undefined;
    const method = init?.method ?? request?.method ?? "GET";
    const headers = new Headers(init?.headers ?? request?.headers);
    const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
    if (method.toUpperCase() !== "POST" || !isJson) return send(input, init);
    const text = init?.body ?? (await request?.clone().text());
    const body = typeof text === "string" ? parseJson(text) : undefined;
    if (!isPlainObject(body)) return send(input, init);

    const id = checkSessionId(value, OPTION);
    writer.check(id);
    const target = { baseURL: request?.url ?? String(input), defaultHeaders: headers };
    const written = writer.write({ body, headers: undefined }, id, target);
    for (const [name, header] of Object.entries(written.headers ?? {})) headers.set(name, String(header));
    headers.delete("content-length"); // The SDK computed it for the original body.
    return send(input, { ...init, method, headers, body: JSON.stringify(written.body) });
  };
}
