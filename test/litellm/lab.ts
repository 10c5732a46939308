import type { Provider } from "./provider.js";
import type { RowSource } from "./rows.js";

/** A running proxy, and the reader of its spend log. */
export interface Lab {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly model: string;
  /** Undefined if it is not configured: embeddings are not checked then. */
  readonly embeddingModel: string | undefined;
  readonly rows: RowSource;
  /** The fake provider behind the proxy. Undefined for a user's proxy with real models. */
  readonly provider?: Provider;
  /** The control for this proxy. Undefined if its rows can't prove it. */
  readonly control?: Control;
  close(): Promise<void>;
}

/**
 * Proof that a proxy is set up as its column says and that the rows can tell: two requests with
 * less of the session in them that are split into two sessions, or refused.
 */
export interface Control {
  readonly transport: "none" | { readonly body: readonly string[] };
  readonly outcome: "split" | "refused";
}

/** The environment of this process without variables that change a proxy's behaviour or its provider. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(LITELLM|OPENAI|LANG(SMITH|CHAIN|FUSE)|REDIS|DATABASE|DIRECT_URL|STORE_MODEL|PROXY_|OTEL)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
