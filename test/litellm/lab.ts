import type { Provider } from "./provider.js";
import type { RowSource } from "./rows.js";

/** A running proxy, and where its spend log is read. */
export interface Lab {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly model: string;
  /** Absent where nobody said which: embeddings are not checked then. */
  readonly embeddingModel: string | undefined;
  readonly rows: RowSource;
  /** The stand-in behind it. Absent for a proxy of somebody's own, with real models behind it. */
  readonly provider?: Provider;
  /** What this proxy does with requests that carry less; absent where the rows can't tell. */
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

/** The environment of this process without what would change how a proxy works, or whom it talks to. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(LITELLM|OPENAI|LANG(SMITH|CHAIN|FUSE)|REDIS|DATABASE|DIRECT_URL|STORE_MODEL|PROXY_|OTEL)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
