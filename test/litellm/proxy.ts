import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../support/ports.js";
import { type Control, type Lab, plainEnvironment } from "./lab.js";
import { end, onEnd, type Started, start } from "./processes.js";
import { type Provider, startProvider } from "./provider.js";
import { rowsFromFile } from "./rows.js";

const START_LIMIT_MS = 180_000;

/** The models of a proxy under test, all answered by the fake provider. */
export const MODELS = {
  chat: "gpt-4o",
  embeddings: "text-embedding-3-small",
  completions: "gpt-3.5-turbo-instruct",
  transcriptions: "whisper-1",
  messages: "claude-sonnet-4-5",
  rerank: "rerank-v3.5",
};

/** The models of other providers of LiteLLM than "openai", and the path of their `api_base`. */
const PROVIDERS: Readonly<Record<string, readonly [name: string, path: string]>> = {
  [MODELS.completions]: ["text-completion-openai", "/v1"],
  [MODELS.messages]: ["anthropic", ""],
  [MODELS.rerank]: ["cohere", ""],
};

/** The settings of a proxy besides its models, with the keys of LiteLLM's config file. */
export interface ProxySettings {
  readonly general_settings?: Readonly<Record<string, unknown>>;
  readonly litellm_settings?: Readonly<Record<string, unknown>>;
}

/** Without a session, LiteLLM generates one for each request. */
const SPLIT: Control = { transport: "none", outcome: "split" };

/** A proxy's config file. YAML is a superset of JSON. */
export function proxyConfig(provider: Provider, apiKey: string, settings: ProxySettings = {}): string {
  const { origin } = new URL(provider.baseURL);
  const model_list = Object.values(MODELS).map((name) => {
    const [kind, path] = PROVIDERS[name] ?? ["openai", "/v1"];
    return {
      model_name: name,
      litellm_params: { model: `${kind}/${name}`, api_base: origin + path, api_key: "sk-provider" },
    };
  });
  const general_settings = { master_key: apiKey, ...settings.general_settings };
  return JSON.stringify({ model_list, general_settings, litellm_settings: settings.litellm_settings });
}

/**
 * Starts a proxy without a database, with its own fake provider.
 *
 * @param bin The `bin` folder of the environment that LiteLLM is installed in.
 * @throws {Error} with the proxy's last words, if it does not come up.
 */
export async function startProxy(bin: string, settings: ProxySettings = {}, control = SPLIT): Promise<Lab> {
  const dir = await mkdtemp(join(tmpdir(), "litellm-session-"));
  const removeDir = () => rm(dir, { recursive: true, force: true });
  onEnd(removeDir);
  const provider = await startProvider();
  const apiKey = `sk-${randomUUID()}`;
  const file = join(dir, "rows.jsonl");
  await writeFile(file, "");
  await copyFile(join(import.meta.dirname, "spend_rows.py"), join(dir, "spend_rows.py"));
  const litellm_settings = { ...settings.litellm_settings, callbacks: "spend_rows.instance", telemetry: false };
  await writeFile(join(dir, "config.yaml"), proxyConfig(provider, apiKey, { ...settings, litellm_settings }));

  const { proxy, baseURL } = await listen(bin, dir, file);
  return {
    baseURL,
    apiKey,
    model: MODELS.chat,
    embeddingModel: MODELS.embeddings,
    rows: rowsFromFile(file),
    provider,
    control,
    async close() {
      await end(proxy.pid);
      provider.close();
      await removeDir();
    },
  };
}

/** Another process can take the free port while the proxy loads: then it starts again on another one. */
async function listen(bin: string, dir: string, file: string): Promise<{ proxy: Started; baseURL: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const [port] = await freePorts(1);
    const proxy = start(
      join(bin, "litellm"),
      ["--config", "config.yaml", "--host", "127.0.0.1", "--port", String(port)],
      {
        cwd: dir,
        env: {
          ...plainEnvironment(),
          PYTHONUNBUFFERED: "1",
          SPEND_ROWS: file,
          SPEND_ROWS_PARENT: String(process.pid),
          // No downloads: each of these has a copy in the package.
          LITELLM_LOCAL_MODEL_COST_MAP: "True",
          LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS: "True",
          LITELLM_LOCAL_BLOG_POSTS: "True",
          LITELLM_LOCAL_AUTOROUTER_PRESETS: "True",
          LITELLM_LOCAL_POLICY_TEMPLATES: "True",
        },
      },
    );
    const baseURL = `http://127.0.0.1:${port}`;
    try {
      await isUp(proxy, baseURL);
      return { proxy, baseURL };
    } catch (error) {
      await end(proxy.pid);
      if (attempt === 3 || !proxy.tail().includes("address already in use")) throw error;
    }
  }
}

/** Resolves when the proxy answers. */
async function isUp(proxy: Started, baseURL: string): Promise<void> {
  let exit: string | undefined;
  proxy.ended.then(
    (code) => {
      exit = `ended with ${code}`;
    },
    (error: unknown) => {
      exit = String(error);
    },
  );
  const deadline = Date.now() + START_LIMIT_MS;
  while (exit === undefined && Date.now() < deadline) {
    const answer = await fetch(`${baseURL}/health/liveliness`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    if (answer?.ok && exit === undefined) return;
    await sleep(200);
  }
  throw new Error(`the proxy ${exit ?? `was not up after ${START_LIMIT_MS / 1000} s`}:\n${proxy.tail()}`);
}
