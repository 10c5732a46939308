/*
 * The path of the session id from `invoke()` to the HTTP request:
 *
 *   invoke(), stream(), batch(), an agent …
 *      |  LangChain merges call options and config
 *   SessionChatOpenAI._separateRunnableConfigFromCallOptionsCompat(options)
 *      |  resolves the session, checks `extraBody`, and stores a RequestContext in the call options
 *   SessionChatOpenAI._generate(), _streamResponseChunks() or _streamChatModelEvents()
 *      |  adds the `RequestPart` to the context, as `request`
 *   completionWithRetry(body, options) of the inner model                (inner_models.ts)
 *      |  writes the session id, `extraBody` and `previous_response_id`
 *   fetch()                                                              (openai_client/observe_responses.ts)
 *      |  stores the response's headers in `request.observation`
 *   `response_metadata.litellm` of the answer                            (response_metadata.ts)
 *
 * The context is in the call options and not on the model, because calls run concurrently.
 */
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { ResponseObservation } from "../openai_client/observe_responses.js";
import { REQUEST_CONTEXT } from "../session/sources.js";
import type { LoggedStep } from "../session/steps.js";
import type { SessionWriter } from "../transport/session_writer.js";

/** The data that this package adds to the call options of one model call. */
export interface RequestContext {
  /** Undefined if the call has no session. */
  readonly sessionId: string | undefined;
  /** Call option `extraBody`, checked. */
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
  /** The place of the call in the app. Undefined without `logSteps`. */
  readonly step?: LoggedStep | undefined;
  /** Whether `getLsParams` adds the session id to the run's metadata. */
  readonly isInMetadata?: boolean;
  /** Undefined until a request is sent. */
  readonly request?: RequestPart;
}

/** The data of one request. A call makes a second request if the proxy rejects its `previous_response_id`. */
export interface RequestPart {
  readonly writer: SessionWriter;
  /** The response that this request continues. It overrides a null in the user's body fields. */
  readonly previousResponseId: string | undefined;
  readonly observation: ModelResponseObservation;
  /** LangChain's run of the call. Undefined without callbacks, and for events of a model. */
  readonly runManager?: CallbackManagerForLLMRun | undefined;
}

export interface ModelResponseObservation extends ResponseObservation {
  /** Whether to read `usage` and `responseId` in a stream, which LangChain does not expose. Set before the request. */
  capturesStream?: boolean;
  /** Whether the next call may continue this answer: its id must then be the one in the stream's last event. */
  isContinuable?: boolean;
  isStream?: boolean;
  usage?: unknown;
  /** The id in the last event of a `/responses` stream. A proxy may send another id in each event. */
  responseId?: string | undefined;
}

interface OptionsWithContext {
  [REQUEST_CONTEXT]?: RequestContext;
  options?: OptionsWithContext;
}

/** Undefined if another model called `_generate` of this model directly. */
export function getRequestContext(options: object | undefined): RequestContext | undefined {
  return (options as OptionsWithContext | undefined)?.[REQUEST_CONTEXT];
}

/** Stores the context. Overwrites the context of another model that forwarded its call options to this one. */
export function setRequestContext<Options extends object>(options: Options, context: RequestContext): Options {
  (options as OptionsWithContext)[REQUEST_CONTEXT] = context;
  return options;
}

/**
 * Returns the call options of one request, with the context in two places. ChatOpenAI passes all call options
 * to `completionWithRetry` for a stream, but only `options.options` for a plain call. Assigns the symbol key
 * after the spread: a literal with both takes ten times as long.
 */
export function withRequest<Options extends object>(options: Options, context: RequestContext): Options {
  const requestOptions = setRequestContext({ ...(options as OptionsWithContext).options }, context);
  return setRequestContext({ ...options, options: requestOptions }, context);
}
