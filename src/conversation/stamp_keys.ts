/** Separates these keys from whatever else may be derived from an API key. Another format of stamps is another label. */
const LABEL = "langchain-litellm-session: litellm_answered, 1";

/** At most this many derived keys stay in memory: callers may send an API key of their own with each call. */
const MAX_KEYS = 100;

const encoder = new TextEncoder();

/** Who asks: a request's proxy and credentials. */
export interface Asker {
  /** The base URL of the SDK's client. */
  readonly baseURL: string | null | undefined;
  /** Undefined for an API key that is a function: its value changes. */
  readonly apiKey: string | undefined;
  /** Headers with credentials, such as `authorization`, in a fixed order. */
  readonly credentials: readonly (readonly [name: string, value: string])[];
}

/**
 * Derives the keys of stamps by HKDF. Two processes of an app have the same keys, because they have the same base
 * URL and API key. An API key that is a function has no lasting value: a random secret replaces it, which only the
 * copies of the model share.
 */
export class StampKeys {
  readonly #keys = new Map<string, Promise<CryptoKey>>();
  #secret: string | undefined;

  get({ baseURL, apiKey = this.#randomSecret(), credentials }: Asker): Promise<CryptoKey> {
    const name = JSON.stringify([baseURL, apiKey, credentials]);
    let key = this.#keys.get(name);
    if (!key) {
      if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
      key = deriveKey(JSON.stringify([apiKey, credentials]), normalizeBaseURL(baseURL));
      this.#keys.set(name, key);
    }
    return key;
  }

  #randomSecret(): string {
    this.#secret ??= hex(crypto.getRandomValues(new Uint8Array(32)));
    return this.#secret;
  }
}

async function deriveKey(secret: string, salt: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const params = { name: "HKDF", hash: "SHA-256", salt: encoder.encode(salt), info: encoder.encode(LABEL) };
  return crypto.subtle.deriveKey(params, material, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
}

/** Without what does not tell two proxies apart: slashes at the end, `/v1`, upper case in the host's name. */
export function normalizeBaseURL(baseURL: string | null | undefined): string {
  if (!baseURL || !URL.canParse(baseURL)) return baseURL ?? "";
  const { origin, pathname, search } = new URL(baseURL);
  const segments = pathname.split("/").filter((segment) => segment !== "");
  if (segments.at(-1) === "v1") segments.pop();
  return `${origin}/${segments.join("/")}${search}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal digits, two a byte. */
export function hex(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += HEX[byte];
  return digits;
}
