/** A shorter key would be found in ordinary words. LiteLLM's shortest, that of its examples, is `sk-1234`. */
const MIN_KEY_LENGTH = 6;

/** Secrets by their form: keys of LiteLLM and OpenAI, `Bearer` tokens, the credentials of a URL, `password=…`. */
const PATTERNS: readonly [RegExp, string][] = [
  [/\bsk-[\w-]{8,}/g, "…"],
  [/\b(Bearer|Basic) +[\w.~+/=-]{16,}/gi, "$1 …"],
  [/(:\/\/)[^\s/?#@"'<>]{1,300}@/g, "$1…@"],
  [
    /\b(password|passwd|pwd|secret|(?:api|access|master)[_ -]?(?:key|token)|token)(["']?\s?[=:]\s?["']?)[^\s"',;&<>]{4,}/gi,
    "$1$2…",
  ],
];

/** Replaces the API key with "…". */
export function redactKey(text: string, apiKey: string | undefined): string {
  return apiKey !== undefined && apiKey.length >= MIN_KEY_LENGTH ? text.replaceAll(apiKey, "…") : text;
}

/** Replaces the API key, and what has the form of a key, a token or a password, with "…". */
export function redactSecrets(text: string, apiKey: string | undefined): string {
  return PATTERNS.reduce(
    (redacted, [pattern, replacement]) => redacted.replace(pattern, replacement),
    redactKey(text, apiKey),
  );
}
