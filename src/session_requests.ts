import type { ChatOpenAICompletions, ChatOpenAIResponses } from "@langchain/openai";
import type { ResolvedSession } from "./resolve_session.js";
import { describe } from "./session_id.js";
import {
  type HeadersInput,
  isPlainObject,
  mergeHeaders,
  type RequestParts,
  type Transport,
  withSessionId,
} from "./session_transport.js";

/** What a call carries to its request, beside what LangChain carries itself. */
export interface SessionCall {
  readonly session: ResolvedSession | undefined;
  readonly extraBody: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The key of the {@link SessionCall} among call options. A symbol: spreads keep it and JSON drops
 * it, so that cache keys and traces stay what they were.
 */
export const SESSION_CALL: unique symbol = Symbol("langchain-litellm-session.call");

/** The request options that reach `completionWithRetry`: for a stream, these are the call options. */
interface RequestOptions {
  headers?: HeadersInput;
  options?: { headers?: HeadersInput };
  [SESSION_CALL]?: SessionCall;
}

type InnerModel = ChatOpenAICompletions | ChatOpenAIResponses;

/**
 * The inner model of a `ChatOpenAI`, changed so that what {@link SESSION_CALL} carries is written
 * into each of its requests. `completionWithRetry` is the last stop before the SDK and the one
 * place where plain and streamed calls look alike. The model that was given is left as it was: the
 * user may share it with another.
 */
export function tagRequests<Inner extends InnerModel>(inner: Inner, transport: Transport): Inner {
  let warned = false;
  const tagged: Inner = Object.create(inner);
  const send = inner.completionWithRetry as (
    this: Inner,
    body: RequestParts["body"],
    options?: RequestOptions,
  ) => Promise<unknown>;

  const tag = (request: RequestParts, { session }: SessionCall): RequestParts => {
    if (!session) return request;
    if (transport.sparesOpenAI && isOpenAI(baseUrlOf(tagged))) {
      if (!warned) console.warn(OPENAI_WARNING);
      warned = true;
      return request;
    }
    return withSessionId(request, session.id, transport, clientConfigOf(tagged).defaultHeaders);
  };

  const completionWithRetry = (body: RequestParts["body"], options: RequestOptions = {}) => {
    const call = options[SESSION_CALL];
    if (!call) return send.call(tagged, body, options);
    const given = {
      body: withExtraBody(body, call.extraBody),
      headers: mergeHeaders(options.headers, options.options?.headers),
    };
    const request = tag(given, call);
    const { headers: _, ...rest } = options;
    return send.call(tagged, request.body, request.headers ? { ...rest, headers: request.headers } : rest);
  };
  return Object.assign(tagged, { completionWithRetry });
}

const OPENAI_WARNING =
  "[langchain-litellm-session] This model talks to OpenAI itself, which refuses unknown fields: no session id is sent. " +
  'Set configuration.baseURL to your LiteLLM proxy, or sessionTransport: "none" to silence this.';

interface InnerInternals {
  client?: { baseURL?: string };
  clientConfig: { baseURL?: string | null; defaultHeaders?: HeadersInput };
  _getClientOptions(options: undefined): unknown;
}

function clientConfigOf(inner: InnerModel): InnerInternals["clientConfig"] {
  return (inner as unknown as InnerInternals).clientConfig;
}

/** The SDK's client has the last word on the base URL; it is made by the first request. */
export function baseUrlOf(inner: InnerModel): string | null | undefined {
  const internals = inner as unknown as InnerInternals;
  internals._getClientOptions(undefined);
  return internals.client?.baseURL ?? internals.clientConfig.baseURL;
}

/** Whether requests go to OpenAI's own API, its regional hosts included. */
export function isOpenAI(baseUrl: string | null | undefined): boolean {
  if (!baseUrl) return true;
  try {
    const { hostname } = new URL(baseUrl);
    return hostname === "api.openai.com" || hostname.endsWith(".api.openai.com");
  } catch {
    return false; // Not a URL: the SDK says so.
  }
}

/**
 * Checks call option `extraBody`.
 *
 * @throws {TypeError} if it is not an object, or would replace what was asked or how it is answered.
 */
export function checkExtraBody(extraBody: unknown): SessionCall["extraBody"] {
  if (extraBody === undefined || extraBody === null) return undefined;
  if (!isPlainObject(extraBody)) {
    throw new TypeError(
      `Invalid call option "extraBody": expected an object of body fields, got ${describe(extraBody)}.`,
    );
  }
  for (const key of ["messages", "input", "stream"]) {
    if (Object.hasOwn(extraBody, key)) {
      throw new TypeError(
        `Invalid call option "extraBody": "${key}" is decided by the call itself and can't be replaced.`,
      );
    }
  }
  return extraBody;
}

function withExtraBody(body: RequestParts["body"], extraBody: SessionCall["extraBody"]): RequestParts["body"] {
  if (!extraBody) return body;
  const merged = { ...body, ...extraBody };
  if (isPlainObject(body.metadata) && isPlainObject(extraBody.metadata)) {
    merged.metadata = { ...body.metadata, ...extraBody.metadata };
  }
  return merged;
}
