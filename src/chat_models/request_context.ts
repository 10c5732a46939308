/*
 * How the session id gets from `invoke()` to the HTTP request:
 *
 *   invoke(), stream(), batch(), an agent …
 *      |  LangChain merges call options and config
 *   SessionChatOpenAI._separateRunnableConfigFromCallOptionsCompat(options)
 *      |  resolves the session, checks `extraBody`, and stores a RequestContext in the call options
 *   SessionChatOpenAI._generate(), _streamResponseChunks() or _streamChatModelEvents()
 *      |  adds to the context what belongs to one request: `request`
 *   completionWithRetry(body, options) of the inner model                (inner_models.ts)
 *      |  writes the session id, `extraBody` and `previous_response_id`
 *   fetch()                                                              (openai_client/observe_responses.ts)
 *      |  stores the response's headers in `request.observation`
 *   `response_metadata.litellm` of the answer                            (response_metadata.ts)
 *
 * The context travels among the call options, so that concurrent calls never see each other's.
 */
import type { ResponseObservation } from "../openai_client/observe_responses.js";
import type { SessionWriter } from "../transport/session_writer.js";

/** What this package knows of one model call. */
export interface RequestContext {
  /** Undefined if the call has no session. */
  readonly sessionId: string | undefined;
  /** Call option `extraBody`, checked. */
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the run's metadata gets the session id. */
  readonly isInMetadata?: boolean;
  /** What belongs to one request. A call whose `previous_response_id` is refused makes two. */
  readonly request?: RequestPart;
}

export interface RequestPart {
  readonly writer: SessionWriter;
  /** The response that this request continues. It overrides a null of the user's. */
  readonly previousResponseId: string | undefined;
  readonly observation: ModelResponseObservation;
}

/** What was seen of a model's response. */
export interface ModelResponseObservation extends ResponseObservation {
  /** Whether to read `usage` and `responseId` in a stream, which LangChain does not expose. Set before the request. */
  capturesStream?: boolean;
  /** Whether the next call may continue this answer, so that its id must be that of a stream's last event. */
  isChained?: boolean;
  isStream?: boolean;
  usage?: unknown;
  /** The id in the last event of a `/responses` stream. A proxy may send another id in each event. */
  responseId?: string | undefined;
}

/** The key of the context among the call options. A symbol: spreads keep it, and JSON drops it from cache keys and traces. */
const REQUEST_CONTEXT: unique symbol = Symbol("langchain-litellm-session.request_context");

interface CarryingOptions {
  [REQUEST_CONTEXT]?: RequestContext;
  options?: CarryingOptions;
}

/** Undefined if the options come from another model, which called `_generate` of this one directly. */
export function getRequestContext(options: object | undefined): RequestContext | undefined {
  return (options as CarryingOptions | undefined)?.[REQUEST_CONTEXT];
}

/** Stores the context. Overwrites that of another model, which forwards its call options to this one. */
export function setRequestContext<Options extends object>(options: Options, context: RequestContext): Options {
  (options as CarryingOptions)[REQUEST_CONTEXT] = context;
  return options;
}

/**
 * The call options of one request. The context is stored twice: for a stream, ChatOpenAI passes all call options
 * on to `completionWithRetry`, for a plain call `options.options` alone. It is assigned after the spread: a symbol
 * key beside a spread in a literal takes ten times as long.
 */
export function withRequest<Options extends object>(options: Options, context: RequestContext): Options {
  const requestOptions = setRequestContext({ ...(options as CarryingOptions).options }, context);
  return setRequestContext({ ...options, options: requestOptions }, context);
}
