/**
 * Refuses an API key with a line break or a NUL inside. `fetch` would refuse it too, but with a message that
 * contains the key.
 *
 * @throws {TypeError} without the key in its message.
 */
export function checkApiKey(apiKey: unknown): void {
  if (typeof apiKey === "string" && /[\0\r\n]/.test(apiKey.trim())) {
    throw new TypeError('Invalid field "apiKey" (or OPENAI_API_KEY): it has a line break or a NUL inside.');
  }
}
