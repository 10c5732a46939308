/** The providers whose own API refuses unknown body fields, and the domains of their API. */
const PROVIDERS: readonly (readonly [name: string, domains: readonly string[]])[] = [
  ["OpenAI", ["openai.com"]],
  ["Anthropic", ["anthropic.com"]],
  ["Cohere", ["cohere.com", "cohere.ai"]],
];

/**
 * The provider whose own API a URL belongs to, regional hosts included: `eu.api.openai.com`, `api.eu.anthropic.com`,
 * `us-central1-aiplatform.googleapis.com`. Undefined for any other host, such as a proxy's.
 *
 * @param baseURL Null and undefined: the SDK's default, which is OpenAI's.
 */
export function providerAt(baseURL: string | null | undefined): string | undefined {
  if (!baseURL) return "OpenAI";
  if (!URL.canParse(baseURL)) return undefined; // The SDK or `fetch` reports an invalid URL.
  const labels = new URL(baseURL).hostname.replace(/\.$/, "").split(".");
  const domain = labels.slice(-2).join(".");
  if (domain === "googleapis.com" && labels.length > 2) return "Google";
  // Only the API: `www.openai.com` and `notapi.openai.com` are other servers.
  return PROVIDERS.find(([, domains]) => domains.includes(domain) && labels.slice(0, -2).includes("api"))?.[0];
}
