import { readVariable } from "../utils/environment.js";

/** The fields of LangChain's OpenAI classes that name a server or a key. */
interface ConnectionFields {
  readonly apiKey?: unknown;
  readonly openAIApiKey?: unknown;
  readonly completions?: unknown;
  readonly responses?: unknown;
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Returns the fields with the proxy and the key that `LITELLM_BASE_URL` and `LITELLM_API_KEY` name.
 *
 * - A base URL from the fields, or from `OPENAI_BASE_URL` or `OPENAI_API_BASE`, wins over `LITELLM_BASE_URL`, and
 *   `LITELLM_API_KEY` is then not read. Azure's fields and the user's inner models win too.
 * - `OPENAI_API_KEY` and `OPENAI_ADMIN_KEY` never go to the proxy of `LITELLM_BASE_URL`.
 *
 * @throws {TypeError} if `LITELLM_BASE_URL` is no URL, if it is the base URL and neither the fields nor
 *   `LITELLM_API_KEY` have a key, or if `LITELLM_API_KEY` would go to OpenAI because nothing names a base URL.
 */
export function withProxyVariables<Fields extends object>(fields: Fields): Fields {
  const { apiKey, openAIApiKey, configuration = {} } = fields as ConnectionFields;
  if (namesServer(fields)) return fields;
  const [key] = [configuration.apiKey, apiKey, openAIApiKey].filter((value) => !isBlank(value));
  const proxyURL = readVariable("LITELLM_BASE_URL")?.trim();
  const proxyKey = readVariable("LITELLM_API_KEY")?.trim();
  if (!isBlank(readVariable("OPENAI_BASE_URL"))) return fields;
  const openAIBase = readVariable("OPENAI_API_BASE");
  if (!isBlank(openAIBase)) {
    // ChatOpenAI reads this variable, OpenAIEmbeddings does not: both must call the same server.
    return isBlank(proxyURL) ? fields : { ...fields, configuration: { ...configuration, baseURL: openAIBase } };
  }
  if (isBlank(proxyURL)) {
    checkNotForOpenAI(key, proxyKey);
    return fields;
  }
  // `fetch` would take "localhost:4000" for a URL with the protocol "localhost:". No value: it may hold a password.
  if (!/^https?:\/\//i.test(proxyURL as string) || !URL.canParse(proxyURL as string)) {
    throw new TypeError(
      'Invalid environment variable LITELLM_BASE_URL: expected the URL of a LiteLLM proxy, such as "http://localhost:4000".',
    );
  }
  if (key === undefined && isBlank(proxyKey)) {
    throw new TypeError(
      "There is no API key for the proxy of LITELLM_BASE_URL: set LITELLM_API_KEY, or the field apiKey. " +
        "OPENAI_API_KEY is never sent to it. A proxy without keys takes any text.",
    );
  }
  const { apiKey: configuredKey, ...rest } = configuration;
  return {
    ...fields,
    apiKey: key ?? proxyKey,
    configuration: {
      // The SDK reads OPENAI_ADMIN_KEY, and sends it with requests that a user makes by its client.
      adminAPIKey: null,
      ...rest,
      // Left out if it is blank: the SDK would read OPENAI_API_KEY. Never a variable's: traces show `configuration`.
      ...(isBlank(configuredKey) ? {} : { apiKey: configuredKey }),
      baseURL: proxyURL,
    },
  };
}

/** Whether the fields name a server: a base URL, one of Azure's fields, or an inner model with a client of its own. */
function namesServer(fields: object): boolean {
  const { completions, responses, configuration } = fields as ConnectionFields;
  if (completions || responses || !isBlank(configuration?.baseURL) || configuration?.provider) return true;
  return Object.entries(fields).some(([name, value]) => /^azure/i.test(name) && !isBlank(value));
}

/** A forgotten LITELLM_BASE_URL must not send the proxy's key to OpenAI, which is the SDK's default. */
function checkNotForOpenAI(key: unknown, proxyKey: string | undefined): void {
  const isForOther = readVariable("LANGSMITH_GATEWAY") || proxyKey === readVariable("OPENAI_API_KEY");
  if (isBlank(proxyKey) || key !== proxyKey || isForOther) return;
  throw new TypeError(
    "The API key is that of LITELLM_API_KEY, but nothing names the proxy: set LITELLM_BASE_URL, or configuration.baseURL. " +
      "A proxy's key is not sent to OpenAI.",
  );
}

function isBlank(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

/**
 * Rejects an API key with a line break or a NUL inside. `fetch` would reject it too, but its message would
 * contain the key.
 *
 * @throws {TypeError} whose message does not contain the key.
 */
export function checkApiKey(apiKey: unknown): void {
  if (typeof apiKey === "string" && /[\0\r\n]/.test(apiKey.trim())) {
    throw new TypeError(
      'Invalid field "apiKey" (or OPENAI_API_KEY, LITELLM_API_KEY): it has a line break or a NUL inside.',
    );
  }
}
