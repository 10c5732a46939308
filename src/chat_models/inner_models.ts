import {
  baseUrlOf,
  clientConfigOf,
  type InnerModel,
  NotRetried,
  observeClient,
} from "../openai_client/observe_responses.js";
import { describe } from "../session/session_id.js";
import { type HeadersInput, mergeHeaders, type RequestParts } from "../transport/session_transport.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import { type Called, type Carried, carriedBy } from "./request_context.js";

/** The request options that reach `completionWithRetry`: for a stream, these are the call options. */
interface RequestOptions {
  headers?: HeadersInput;
  options?: { headers?: HeadersInput };
}

/** Marks an inner model whose requests are tagged. */
const TAGGED: unique symbol = Symbol("langchain-litellm-session.tagged");

/**
 * Changes an inner model of a `ChatOpenAI` so that what a call carries is written into each of its
 * requests. `completionWithRetry` is the last stop before the SDK and the one place where
 * plain and streamed calls look alike. A call that carries nothing is as it was: a model of the
 * user's own may be shared with another. In place, because it may have private fields.
 */
export function tagRequests<Inner extends InnerModel>(inner: Inner): Inner {
  if (TAGGED in inner) return inner;
  const send = inner.completionWithRetry as (
    this: Inner,
    body: RequestParts["body"],
    options?: RequestOptions,
  ) => Promise<unknown>;

  const completionWithRetry = async (body: RequestParts["body"], options: RequestOptions = {}) => {
    const call = carriedBy(options);
    if (!call) return send.call(inner, body, options);
    const given = {
      body: withFields(body, call),
      headers: mergeHeaders(options.headers, options.options?.headers),
    };
    const request = call.session
      ? call.write(given, call.session.id, {
          baseURL: baseUrlOf(inner),
          defaultHeaders: clientConfigOf(inner).defaultHeaders,
        })
      : given;
    const { body: tagged, headers } = request;
    const answer = await send.call(inner, tagged, headers ? { ...options, headers } : options);
    if (answer instanceof NotRetried) throw answer.error;
    return answer;
  };
  observeClient(inner, (options) => carriedBy(options)?.reply);
  return Object.assign(inner, { completionWithRetry, [TAGGED]: true });
}

/**
 * Checks call option `extraBody`.
 *
 * @throws {TypeError} if it is not an object, or would replace what was asked or how it is answered.
 */
export function checkExtraBody(extraBody: unknown): Called["extraBody"] {
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

function withFields(body: RequestParts["body"], { extraBody, previousResponseId }: Carried): RequestParts["body"] {
  if (!extraBody && previousResponseId === undefined) return body;
  const merged: Record<string, unknown> = { ...body, ...extraBody };
  if (isPlainObject(body.metadata) && isPlainObject(extraBody?.metadata)) {
    merged.metadata = { ...body.metadata, ...extraBody.metadata };
  }
  if (previousResponseId !== undefined) merged.previous_response_id = previousResponseId;
  return merged;
}
