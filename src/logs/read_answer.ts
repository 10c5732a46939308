import { parseJson } from "../utils/parse_json.js";
import { redactKey } from "../utils/secrets.js";

/** The largest answer that is read, after decompression. A page of 100 rows with prompts takes a few. */
const MAX_MEGABYTES = 64;

/** LiteLLM's rows have 6 levels. `JSON.stringify` would overflow the stack at some thousands. */
const MAX_DEPTH = 64;

/** Why an answer is not read. Continues the sentence after the base URL. */
export class UnreadableAnswer extends Error {}

/**
 * Reads the text of a response, and stops at {@link MAX_MEGABYTES}.
 *
 * @throws {UnreadableAnswer} if it is larger.
 * @throws the reason of `signal` if it is aborted, also where `fetch` ignores signals.
 */
export async function readText(response: Response, signal: AbortSignal): Promise<string> {
  if (!response.body) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { value, done } = await untilAborted(reader.read(), signal);
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > MAX_MEGABYTES * 1_048_576) throw new UnreadableAnswer(`answered with more than ${MAX_MEGABYTES} MB`);
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    // Of a stream that has ended, this does nothing.
    reader.cancel().catch(() => {});
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Parses the JSON of an answer, without the API key where its strings repeat it. Undefined if it is not JSON.
 *
 * @throws {UnreadableAnswer} if it is nested deeper than {@link MAX_DEPTH} levels.
 */
export function parseAnswer(text: string, apiKey: string | undefined): unknown {
  return withoutKey(parseJson(text), apiKey, 0);
}

/** Changes objects and arrays in place: an answer may have 100,000 rows. */
function withoutKey(value: unknown, apiKey: string | undefined, depth: number): unknown {
  if (typeof value === "string") return redactKey(value, apiKey);
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) throw new UnreadableAnswer(`answered with JSON of more than ${MAX_DEPTH} levels`);
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    if (typeof field === "string" || (typeof field === "object" && field !== null)) {
      const cleaned = withoutKey(field, apiKey, depth + 1);
      // `__proto__` is an own field of what JSON.parse returns; writing it would set the prototype.
      if (cleaned !== field) Object.defineProperty(fields, name, { value: cleaned, enumerable: true, writable: true });
    }
  }
  return value;
}
