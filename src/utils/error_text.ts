/** The longest text of an error that a record, a row or a page keeps, in UTF-16 units. */
export const MAX_ERROR_LENGTH = 2_000;

/**
 * A class name as LiteLLM and LangChain put it before a message, with the HTTP status that the OpenAI SDK adds. The
 * limit of the name keeps the search linear.
 */
const CLASS_PREFIX = /(\d{3} )?(?:litellm\.)?((?:[A-Z]\w{0,80})?(?:Error|Exception))(?:: | - )/y;

/**
 * Returns the text of an error for records, rows and pages: each class name once, and at most
 * {@link MAX_ERROR_LENGTH} characters.
 */
export function formatErrorText(text: string): string {
  const folded = foldErrorText(text);
  // A short rest of a long text is a slice, which would keep the long text in memory.
  return folded.length <= MAX_ERROR_LENGTH && text.length > MAX_ERROR_LENGTH
    ? copyText(folded)
    : cutText(folded, MAX_ERROR_LENGTH);
}

/**
 * Removes class names that repeat an earlier one. LiteLLM nests them, so that the cause of
 * `RateLimitError: litellm.RateLimitError: RateLimitError: OpenAIException - slow down` is cut off first.
 */
export function foldErrorText(text: string): string {
  const names = new Set<string>();
  let prefixes = "";
  let end = 0;
  CLASS_PREFIX.lastIndex = 0;
  for (let match = CLASS_PREFIX.exec(text); match !== null; match = CLASS_PREFIX.exec(text)) {
    const [prefix, status = "", name = ""] = match;
    prefixes += names.has(name) ? status : prefix;
    names.add(name);
    end = CLASS_PREFIX.lastIndex;
  }
  return prefixes + text.slice(end);
}

/**
 * Cuts a text to at most `maxLength` UTF-16 units. A cut text ends with "…". It is a copy: a slice would keep the whole
 * text in memory. Half a surrogate pair at the cut becomes U+FFFD.
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return copyText(`${text.slice(0, maxLength - 1)}…`);
}

function copyText(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
