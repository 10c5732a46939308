/** Ids that proxies send: LiteLLM's of a call has 36 characters, of a `/responses` answer up to 500. */
const ANSWER_ID = /^[^\p{Cc}\p{Cs}]{1,1024}$/u;

/** Returns an id that a proxy sent. Undefined if it is no string, too long, or has control characters. */
export function answerId(value: unknown): string | undefined {
  return typeof value === "string" && ANSWER_ID.test(value) ? value : undefined;
}
