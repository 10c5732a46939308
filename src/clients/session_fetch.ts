import { enableImplicitConfig } from "../context/async_context.js";
import { getSessionId } from "../context/get_session_id.js";
import { checkSessionId, isUnset } from "../session/session_id.js";
import type { SessionTransport } from "../transport/named_transports.js";
import { createSessionWriter } from "../transport/session_writer.js";
import { isEmpty } from "../transport/write_session_id.js";
import { checkFields } from "../utils/check_fields.js";
import { readBody } from "./request_body.js";

/** Options of {@link sessionFetch}. */
export interface SessionFetchOptions {
  /**
   * The session of the requests, or a function that `sessionFetch` calls once for each request that can hold an id.
   * If the function returns an empty string or undefined, the request has no session. Empty string: unset. Default:
   * the session of the LangChain run that makes the request, if any.
   */
  sessionId?: string | (() => string | undefined) | undefined;
  /** The `fetch` that makes the requests. Default: the global `fetch` at the time of the request. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Which fields and headers of a request hold the session id. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
}

const OPTION = 'sessionFetch option "sessionId"';

/**
 * Returns a `fetch` that writes a session id into requests, for the `openai` SDK, the Vercel AI SDK, an MCP client or
 * another LangChain class.
 *
 * - A POST of a JSON object gets body fields and header. The fields are inserted into its text, which stays the same
 *   otherwise.
 * - A POST of `FormData` (a transcription, an image edit) gets form fields and header. Files are not read.
 * - JSON-RPC (MCP), every other body and every other method get the header alone.
 *
 * Set `sessionId` for a LangChain class with a `maxConcurrency` (`OpenAIEmbeddings`: 2 by default). Such a class
 * starts a queued request in the async context of the call that ended, which may be in another session.
 *
 * @throws {SessionIdError} from the call or a request, before it is sent, for an id that can't be sent.
 * @throws {TypeError} from the call, for an invalid `sessionTransport`, or options that are no object.
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
    const request = isRequest(input) ? input : undefined;
    const method = init?.method ?? request?.method ?? "GET";
    const url = request?.url ?? String(input);
    const canHoldFields = writer.holdsId.inBody && method.toUpperCase() === "POST";
    // No server: the openai SDK asks a custom `fetch` for `data:,` before it sends a form.
    const isLocal = /^(?:data|blob):/i.test(url);
    if (isLocal || (!canHoldFields && !writer.holdsId.inHeaders)) return send(input, init);
    // Before the body is read: the session is that of the moment of the call.
    const source = isUnset(sessionId) ? getSessionId() : sessionId;
    const value: unknown = typeof source === "function" ? source() : source;
    if (isUnset(value)) return send(input, init);

    const headers = new Headers(init?.headers ?? request?.headers);
    const body = canHoldFields ? await readBody(request, init?.body, headers.get("content-type") ?? "") : undefined;
    if (!body && !writer.holdsId.inHeaders) return send(input, init);
    const id = checkSessionId(value, OPTION);
    writer.check(id);
    const target = { baseURL: url, defaultHeaders: headers };
    const additions = writer.additions({ body: body?.fields ?? {}, headers: undefined }, id, target);
    if (!additions) return send(input, init);

    for (const [name, header] of Object.entries(additions.headers)) headers.set(name, header);
    const written = body?.write(additions);
    if (written === undefined) return send(input, isEmpty(additions.headers) ? init : { ...init, headers });
    headers.delete("content-length"); // The SDK computed it for the original body.
    if (written instanceof FormData) headers.delete("content-type"); // A Request's has the boundary of its own form.
    return send(input, { ...init, method, headers, body: written });
  };
}

/** Also a `Request` of another implementation, which goes to the `fetch` of that implementation. */
function isRequest(input: unknown): input is Request {
  return typeof input === "object" && input !== null && "headers" in input && "url" in input;
}
