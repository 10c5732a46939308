import { type ChatOpenAICompletions, ChatOpenAIResponses } from "@langchain/openai";
import type { Asker } from "../conversation/stamp_keys.js";
import { observeClient, stopBudgetRetries, withObservation } from "../openai_client/observe_responses.js";
import { withRunId } from "../session/steps.js";
import { credentialsIn, type HeadersInput, mergeHeaders } from "../transport/headers.js";
import type { RequestTarget } from "../transport/session_writer.js";
import type { RequestParts } from "../transport/write_session_id.js";
import { withExtraBody } from "./call_options.js";
import { getRequestContext, type ModelResponseObservation } from "./request_context.js";

/** A model inside a `ChatOpenAI`, which has one for each endpoint. */
type InnerModel = ChatOpenAICompletions | ChatOpenAIResponses;

/** The second argument of `completionWithRetry`. For a stream it is the call options, with the headers in `options`. */
interface RequestOptions {
  headers?: HeadersInput;
  options?: { headers?: HeadersInput };
}

/** Marks an instrumented inner model, because the user may pass it to a second `SessionChatOpenAI`. */
const INSTRUMENTED: unique symbol = Symbol("langchain-litellm-session.instrumented");

/**
 * Patches an inner model of a `ChatOpenAI`: `completionWithRetry` writes the `RequestContext` of a call into each
 * request. It is the last method before the SDK, and the only one that plain and streamed calls share. A request
 * without a context passes unchanged, because the user may share this inner model with a plain `ChatOpenAI`.
 * Patches the instance rather than wrapping it, because it may have `#private` fields.
 */
export function instrumentInnerModel<Inner extends InnerModel>(inner: Inner): Inner {
  if (INSTRUMENTED in inner) return inner;
  const completionWithRetry = inner.completionWithRetry as (
    this: Inner,
    body: RequestParts["body"],
    options?: RequestOptions,
  ) => Promise<unknown>;

  const endpoint = inner instanceof ChatOpenAIResponses ? "responses" : "chat";

  const writeAndSend = async (body: RequestParts["body"], options?: RequestOptions) => {
    const { sessionId, extraBody, step, request } = getRequestContext(options) ?? {};
    if (!request || !options) return completionWithRetry.call(inner, body, options);
    const { writer, previousResponseId, observation, runManager } = request;
    const extended = withExtraBody(body, extraBody);
    const parts: RequestParts = {
      body: previousResponseId === undefined ? extended : { ...extended, previous_response_id: previousResponseId },
      headers: mergeHeaders(options.headers, options.options?.headers),
    };
    const target = prepareClient(inner);
    const withId = sessionId === undefined ? parts : writer.write(parts, sessionId, target);
    const written = step ? writer.writeStep(withId, withRunId(step, runManager?.runId), endpoint, target) : withId;
    const sent = withObservation(options, observation);
    if (written.headers) sent.headers = written.headers;
    const response = await completionWithRetry.call(inner, written.body, sent);
    observation.isStream = body.stream === true;
    return observation.isStream && observation.capturesStream
      ? captureStream(response as AsyncIterable<StreamEvent>, observation)
      : response;
  };
  stopBudgetRetries(inner);
  return Object.assign(inner, { completionWithRetry: writeAndSend, [INSTRUMENTED]: true });
}

/** An event of `/responses`, or a chunk of `/chat/completions`. */
interface StreamEvent {
  readonly type?: string;
  readonly usage?: unknown;
  readonly response?: { readonly id?: string; readonly usage?: unknown };
}

async function* captureStream(
  events: AsyncIterable<StreamEvent | null>,
  observation: ModelResponseObservation,
): AsyncGenerator<StreamEvent | null> {
  for await (const event of events) {
    // A proxy may send `data: null`: ChatOpenAI then throws its own error.
    observation.usage = event?.usage ?? event?.response?.usage ?? observation.usage;
    if (event?.type === "response.completed" || event?.type === "response.incomplete") {
      observation.responseId = event.response?.id;
    }
    yield event;
  }
}

/** Protected fields of an inner model. */
interface InnerInternals {
  client?: {
    readonly baseURL?: string | undefined;
    readonly apiKey?: unknown;
    readonly _options?: { apiKey?: unknown };
  };
  clientConfig: { baseURL?: string | null; defaultHeaders?: HeadersInput; apiKey?: unknown };
  _getClientOptions(options: undefined): unknown;
}

/** Creates the SDK's client if there is none yet, and observes it. It decides the base URL (`OPENAI_BASE_URL`). */
function prepareClient(inner: InnerModel): RequestTarget {
  const internals = inner as unknown as InnerInternals;
  if (!internals.client) internals._getClientOptions(undefined);
  const { client, clientConfig } = internals;
  if (client) observeClient(client);
  return { baseURL: client?.baseURL ?? clientConfig.baseURL, defaultHeaders: clientConfig.defaultHeaders };
}

/** Who asks by the requests of an inner model. The user may change the client between two requests. */
export function askerOf(inner: InnerModel): Asker {
  const internals = inner as unknown as InnerInternals;
  const { baseURL, defaultHeaders } = prepareClient(inner);
  const { client, clientConfig } = internals;
  const apiKeys = [client?.apiKey, client?._options?.apiKey, clientConfig.apiKey];
  const isFunction = apiKeys.some((key) => typeof key === "function");
  const apiKey = isFunction ? undefined : apiKeys.find((key) => typeof key === "string" && key !== "");
  return { baseURL, apiKey: apiKey as string | undefined, credentials: credentialsIn(defaultHeaders) };
}
