import { enableImplicitConfig } from "../context/async_context.js";
import { getSessionId } from "../context/get_session_id.js";
import { checkSessionId, isUnset } from "../session/session_id.js";
import { checkCarried, parseTransport, type SessionTransport } from "../transport/session_transport.js";
import { sessionWriter } from "../transport/session_writer.js";
import { isPlainObject } from "../utils/is_plain_object.js";

/** Options of {@link sessionFetch}. */
export interface SessionFetchOptions {
  /**
   * The session of the requests, or a function that is asked for it at each request: where it gives
   * an empty string or undefined, that request has none. Default, also for an empty string: the
   * session of the LangChain run around the request, if any.
   */
  sessionId?: string | (() => string | undefined) | undefined;

  /** What makes the requests. Default: the global `fetch` at the time of the request. */
  fetch?: typeof globalThis.fetch | undefined;

  /** How a session id is written into a request. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
}

/**
 * A `fetch` that puts a session into JSON POST requests, for the `openai` SDK, the Vercel AI SDK or
 * a LangChain class of someone else's. All else passes through untouched: other methods, and bodies
 * that are not the text of a JSON object.
 *
 * Without a `sessionId`, not for a LangChain class with a `maxConcurrency` (`OpenAIEmbeddings`: 2 by
 * default): a call that had to wait is sent from within the run that made room, and would be in its
 * session.
 *
 * @throws {SessionIdError} from the call or a request, before it is sent, for an id that can't be sent.
 * @throws {TypeError} from the call, for an invalid `sessionTransport`.
 *
 * @example
 * ```typescript
 * const openai = new OpenAI({ baseURL: "http://localhost:4000", fetch: sessionFetch({ sessionId: "conversation-42" }) });
 * ```
 */
export function sessionFetch(options: SessionFetchOptions = {}): typeof globalThis.fetch {
  const transport = parseTransport(options.sessionTransport);
  const write = sessionWriter(transport);
  const { sessionId } = options;
  if (typeof sessionId !== "function" && !isUnset(sessionId)) checkSessionId(sessionId, FIELD);
  enableImplicitConfig();

  return async (input, init) => {
    const send = options.fetch ?? globalThis.fetch;
    const own = isUnset(sessionId) ? getSessionId() : sessionId;
    const given: unknown = typeof own === "function" ? own() : own;
    if (isUnset(given)) return send(input, init);

    const request = input instanceof Request ? input : undefined;
    const method = init?.method ?? request?.method ?? "GET";
    const headers = new Headers(init?.headers ?? request?.headers);
    const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
    if (method.toUpperCase() !== "POST" || !isJson) return send(input, init);
    const text = init?.body ?? (await request?.clone().text());
    const body = typeof text === "string" ? parseObject(text) : undefined;
    if (!body) return send(input, init);

    const id = checkSessionId(given, FIELD);
    checkCarried(id, transport);
    const baseURL = request?.url ?? String(input);
    const tagged = write({ body, headers: undefined }, id, { baseURL, defaultHeaders: headers });
    for (const [name, value] of Object.entries(tagged.headers ?? {})) headers.set(name, String(value));
    headers.delete("content-length"); // The body is another one now.
    return send(input, { ...init, method, headers, body: JSON.stringify(tagged.body) });
  };
}

const FIELD = 'sessionFetch option "sessionId"';

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isPlainObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
