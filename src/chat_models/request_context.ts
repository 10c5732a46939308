/*
 * How the session id gets from `invoke()` to the HTTP request:
 *
 *   invoke(), stream(), batch(), an agent …
 *      |  LangChain merges call options and config
 *      v
 *   SessionChatOpenAI._separateRunnableConfigFromCallOptionsCompat(options)
 *      |  resolves the session, checks `extraBody`, and stores a RequestContext in the call options
 *      v
 *   SessionChatOpenAI._generate(), _streamResponseChunks(), _streamChatModelEvents()
 *      |  add to the context what belongs to one request: `request`
 *      v
 *   ChatOpenAICompletions or ChatOpenAIResponses .completionWithRetry(body, options)   (inner_models.ts)
 *      |  writes the session id, `extraBody` and `previous_response_id` into body and headers
 *      v
 *   fetch()                                                                            (observe_responses.ts)
 *      |  stores the response's headers in `request.observation`
 *      v
 *   `response_metadata.litellm` of the answer, `sessionId` and `callId` of an error    (response_metadata.ts)
 *
 * The context travels among the call options, so that concurrent calls never see each other's.
 */
import type { ResponseObservation } from "../openai_client/observe_responses.js";
import type { ResolvedSession } from "../session/types.js";
import type { SessionWriter } from "../transport/session_writer.js";

/** What this package knows of one model call. */
export interface RequestContext {
  /** Undefined if the call has no session. */
  readonly session: ResolvedSession | undefined;
  /** Call option `extraBody`, checked. */
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
  /** The `session_id` for the run's metadata. Undefined if none is written. */
  readonly metadataSessionId?: string | undefined;
  /** What belongs to one request of the call. A call whose previous response is refused makes two. */
  readonly request?: RequestPart | undefined;
}

/** What belongs to one request. */
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
  /** Whether the response is a stream. */
  isStream?: boolean;
  /** The usage in the stream. */
  usage?: unknown;
  /** The id in the last event of a `/responses` stream. A proxy may send another id in each event. */
  responseId?: string | undefined;
}

/** The key of the context among the call options. A symbol: spreads keep it, and JSON drops it from cache keys and traces. */
const REQUEST_CONTEXT: unique symbol = Symbol("langchain-litellm-session.request_context");

interface CarryingOptions {
  [REQUEST_CONTEXT]?: RequestContext | undefined;
  options?: { [REQUEST_CONTEXT]?: RequestContext };
}

/**
 * The context of a call or of a request. Undefined if the options come from another model, which called
 * `_generate` of this one directly.
 */
export function getRequestContext(options: object | undefined): RequestContext | undefined {
  return (options as CarryingOptions | undefined)?.[REQUEST_CONTEXT];
}

/** Stores the context in call options. Overwrites that of another model, which forwards its call options to this one. */
export function setRequestContext(options: object, context: RequestContext): void {
  (options as CarryingOptions)[REQUEST_CONTEXT] = context;
}

/**
 * The call options of one request of the call. The context is stored twice: for a stream, ChatOpenAI passes all
 * call options on to `completionWithRetry`, for a plain call `options.options` alone.
 */
export function withRequest<Options extends object>(options: Options, context: RequestContext): Options {
  const requestOptions = { ...(options as CarryingOptions).options };
  // Assigned: a symbol key beside a spread in a literal takes ten times as long.
  setRequestContext(requestOptions, context);
  const callOptions = { ...options, options: requestOptions };
  setRequestContext(callOptions, context);
  return callOptions;
}
