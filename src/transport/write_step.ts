import { isPlainObject } from "../utils/is_plain_object.js";
import { parseJson } from "../utils/parse_json.js";
import { type HeadersInput, headerValue, mergeHeaders } from "./headers.js";
import type { RequestParts } from "./write_session_id.js";

/** The header with a JSON object that LiteLLM puts into a row's `spend_logs_metadata`. */
const HEADER = "x-litellm-spend-logs-metadata";

/** Servers refuse long headers: node at 16 KB in all, nginx at 8. */
const MAX_HEADER_LENGTH = 4_096;

/** The step of one call: a `LoggedStep` of session/steps.ts. */
export type Step = { readonly path: readonly unknown[] };

/** The endpoints whose requests may hold a step. */
export type StepEndpoint = "chat" | "responses" | "embeddings";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the request with the step of the app, which becomes `spend_logs_metadata.langchain` of its row. Where it
 * is decides what LiteLLM keeps. Measured on 1.70.4, 1.81.12, 1.90.7, 1.106.10 and 1.109.1: with this placement, each
 * row has the step and all keys and tags of the user, plain and streamed, and the provider gets no step. 1.70.4 and
 * 1.81.12 drop `metadata.tags` by themselves if the body or `x-litellm-tags` has tags too.
 *
 * - Chat and embeddings: `metadata`. By `litellm_metadata`, 1.70.4 loses the user's tags and the key's metadata.
 * - `/responses`: `litellm_metadata`. The provider gets `metadata` there.
 * - Also in the user's own `litellm_metadata` on chat and embeddings, which 1.70.4 reads in place of `metadata`, and
 *   in his own header, which 1.109.1 reads in place of everything else.
 *
 * What the user set stays. A value of another type than LiteLLM's, such as a `metadata` that is no object, is left
 * as it is, without a step.
 *
 * @param defaultHeaders The headers that the SDK's client adds to each request.
 */
export function writeStep(
  { body, headers }: RequestParts,
  step: Step,
  endpoint: StepEndpoint,
  defaultHeaders: HeadersInput,
): RequestParts {
  const ofRequest = headerValue(headers, HEADER);
  return {
    body: endpoint === "responses" ? onResponses(body, step) : onChat(body, step),
    headers: inHeader(headers, step, ofRequest === undefined ? headerValue(defaultHeaders, HEADER) : ofRequest),
  };
}

function onResponses(body: Fields, step: Step): Fields {
  const own = body.litellm_metadata ?? {};
  return isPlainObject(own) ? { ...body, litellm_metadata: withStep(own, own.spend_logs_metadata, step) } : body;
}

function onChat(body: Fields, step: Step): Fields {
  const metadata = body.metadata ?? {};
  const other = body.litellm_metadata;
  if (!isPlainObject(metadata)) return body;
  if (!isPlainObject(other)) return { ...body, metadata: withStep(metadata, metadata.spend_logs_metadata, step) };
  // Each version reads one of the two: both get all that the user wrote into either.
  const [inMetadata, inOther] = [metadata.spend_logs_metadata, other.spend_logs_metadata];
  const tags = union(metadata.tags, other.tags);
  return {
    ...body,
    metadata: { ...withStep(metadata, mergeOver(inOther, inMetadata), step), ...tags },
    litellm_metadata: { ...withStep(other, mergeOver(inMetadata, inOther), step), ...tags },
  };
}

/** Adds the step to `spend_logs_metadata`, unless the user has a value there that is no object. */
function withStep(metadata: Fields, spendLogs: unknown, step: Step): Fields {
  const fields = spendLogs ?? {};
  return isPlainObject(fields) ? { ...metadata, spend_logs_metadata: { langchain: step, ...fields } } : metadata;
}

function mergeOver(base: unknown, value: unknown): unknown {
  if (!isPlainObject(base)) return value;
  return isPlainObject(value ?? {}) ? { ...base, ...(value as Fields | undefined) } : value;
}

function union(first: unknown, second: unknown): { tags?: unknown[] } {
  const tags = [first, second].flatMap((list) => (Array.isArray(list) ? list : []));
  return tags.length > 0 ? { tags: [...new Set(tags)] } : {};
}

/** Adds the step to the user's header. A header that is no JSON object stays as it is. */
function inHeader(headers: HeadersInput, step: Step, value: unknown): HeadersInput {
  const fields = typeof value === "string" ? parseJson(value) : undefined;
  if (!isPlainObject(fields)) return headers;
  let { path } = step;
  const write = () => toAscii(JSON.stringify({ langchain: { ...step, path }, ...fields }));
  while (path.length > 0 && write().length > MAX_HEADER_LENGTH) path = path.slice(1);
  return mergeHeaders(headers, { [HEADER]: write() });
}

/** `fetch` refuses a header with characters beyond Latin-1. */
function toAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
