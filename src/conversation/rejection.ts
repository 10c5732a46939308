import { isPlainObject } from "../utils/is_plain_object.js";
import { parseJson } from "../utils/parse_json.js";

const REJECTION_STATUSES: readonly unknown[] = [400, 403, 404];

/** The openai SDK puts the status before the message. */
const STATUS = "^(?:\\d{3} )?";

/** LiteLLM quotes a provider's error after the names of its exception, such as `litellm.BadRequestError: OpenAIException - `. */
const QUOTE = new RegExp(`${STATUS}(?:litellm\\.\\w+: )+\\w+(?: \\w+)? - (?={)`);

/** All that LiteLLM (403) and a provider without codes (404) say of an id. Nothing of a user can come before these words. */
const SENTENCES = [
  new RegExp(
    `${STATUS}Forbidden\\. The response id is not associated with the (?:user|team), who this key belongs to\\.`,
  ),
  new RegExp(`${STATUS}Forbidden\\. This response id was not issued by this proxy, `), // From LiteLLM 1.106 on.
  new RegExp(`${STATUS}(?:Previous r|R)esponse with id 'resp_[\\w=-]*' not found\\.?(?:\\n|$)`),
];

/**
 * Whether an error rejects the previous response, because it is unknown, expired or of another key. OpenAI sets
 * `code` and `param`; LiteLLM quotes OpenAI's error in its message, or has a sentence of its own. The words of a user, which
 * a guardrail or a validation error may repeat, never count.
 */
export function isPreviousResponseRejected(error: unknown): boolean {
  if (!isPlainObject(error) || !REJECTION_STATUSES.includes(error.status)) return false;
  if (isAboutPreviousResponse(error)) return true;
  const { message } = error;
  if (typeof message !== "string") return false;
  return SENTENCES.some((sentence) => sentence.test(message)) || isAboutPreviousResponse(quotedError(message));
}

function isAboutPreviousResponse(error: unknown): boolean {
  const { code, param } = (error ?? {}) as { code?: unknown; param?: unknown };
  return code === "previous_response_not_found" || param === "previous_response_id";
}

/** The provider's error that LiteLLM quotes at the start of its message, with more text after it in newer versions. */
function quotedError(message: string): unknown {
  const start = QUOTE.exec(message)?.[0].length;
  if (start === undefined) return undefined;
  const quoted = parseJson(message.slice(start, endOfJson(message, start)));
  return isPlainObject(quoted) ? quoted.error : undefined;
}

/** The index after the object that starts at `start`. */
function endOfJson(text: string, start: number): number {
  const token = /"(?:[^"\\]|\\.)*"|[{}]/gs;
  token.lastIndex = start;
  let depth = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === "{") depth += 1;
    if (match[0] === "}") depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  return text.length;
}
