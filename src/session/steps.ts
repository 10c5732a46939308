import type { RunnableConfig } from "@langchain/core/runnables";
import type { SessionPathRun } from "./run_tree.js";
import type { SessionLookup } from "./sources.js";

/** The key of a {@link RunObserver} on a callback handler. A `Symbol.for`, because an app may load two copies of this package. */
export const RUN_OBSERVER: unique symbol = Symbol.for("langchain-litellm-session.run_observer") as never;

/** The methods by which models ask and tell a callback handler what LangChain's callbacks do not carry. */
export interface RunObserver {
  /** The runs from the root to the run `id`, which is included. Empty for an unknown run. */
  pathTo(id: string | undefined): readonly SessionPathRun[];
  /** Reports the first content of a stream. LangChain reports it when the reader asks for the next chunk. */
  firstToken?(runId: string): void;
  /** Reports a request of embeddings, for which LangChain has no callbacks. Returns the function that reports its end. */
  startEmbedding?(parentRunId: string | undefined, model: string | undefined): (outcome: EmbeddingOutcome) => void;
}

/** The end of an embeddings request. The values are the proxy's, unchecked. */
export interface EmbeddingOutcome {
  readonly inputTokens?: unknown;
  readonly callId?: unknown;
  readonly costUsd?: unknown;
  /** An array with the thrown value, which may be undefined. */
  readonly thrown?: readonly [unknown];
}

/** The place of a model call in the app: `spend_logs_metadata.langchain` of its row in the proxy's log. */
export interface LoggedStep {
  readonly run_id?: string;
  readonly parent_run_id?: string;
  /** The runs around the call, the outermost first. */
  readonly path: readonly SessionPathRun[];
  /** LangGraph's node. */
  readonly node?: string;
  /** The number of LangGraph's superstep. */
  readonly step?: number;
  /** The name of the agent, which `createAgent` writes into the metadata. */
  readonly agent?: string;
}

/** The innermost levels that stay. The row of each call holds its whole path. */
const MAX_LEVELS = 16;

const MAX_NAME_LENGTH = 100;

type Callbacks = RunnableConfig["callbacks"];

/**
 * Describes the place of a call that starts now. The path is the one that the nearest handler with a
 * {@link RunObserver} knows, else that of LangGraph's metadata. Contains nothing of inputs or outputs.
 */
export function describeStep({ config, implicitConfig }: SessionLookup): LoggedStep {
  const sources = [config, implicitConfig];
  const metadata = Object.assign({}, ...sources.flatMap(metadataOf).reverse()) as Record<string, unknown>;
  const { langgraph_node, langgraph_step, langgraph_checkpoint_ns, lc_agent_name } = metadata;
  const parentRunId = sources.map((source) => parentRunIdOf(source?.callbacks)).find((id) => id !== undefined);
  const known = sources.map((source) => knownPath(source?.callbacks)).find((path) => path.length > 0);
  const path = known ?? pathOfNamespace(langgraph_checkpoint_ns);
  return withoutUndefined({
    parent_run_id: cleanName(parentRunId),
    path: path.slice(-MAX_LEVELS).map(({ id, name }) => ({ id: cleanName(id) ?? "", name: cleanName(name) ?? "" })),
    node: cleanName(langgraph_node),
    step: Number.isFinite(langgraph_step) ? (langgraph_step as number) : undefined,
    agent: cleanName(lc_agent_name),
  });
}

/** Adds the id of the call's own run, which LangChain makes after the call's session is resolved. */
export function withRunId(step: LoggedStep, runId: string | undefined): LoggedStep {
  const run_id = cleanName(runId);
  return run_id === undefined ? step : { run_id, ...step };
}

/** The observers among callbacks, the nearest last. */
export function observersOf(callbacks: Callbacks | { readonly handlers: readonly unknown[] }): RunObserver[] {
  const observers: RunObserver[] = [];
  for (const handler of handlersOf(callbacks)) {
    const observer = (handler as { [RUN_OBSERVER]?: RunObserver } | undefined)?.[RUN_OBSERVER];
    if (observer) observers.push(observer);
  }
  return observers;
}

/** Reports a request of embeddings to each handler around it. Returns the function that reports its end. */
export function startEmbedding(callbacks: Callbacks, model: string): (outcome: EmbeddingOutcome) => void {
  const parentRunId = parentRunIdOf(callbacks);
  const ends = observersOf(callbacks).map((observer) => observer.startEmbedding?.(parentRunId, model));
  return (outcome) => {
    for (const end of ends) end?.(outcome);
  };
}

/** The run that starts what gets these callbacks. Undefined for an array: LangChain starts a new root run with it. */
export function parentRunIdOf(callbacks: Callbacks): string | undefined {
  if (!callbacks || Array.isArray(callbacks) || typeof callbacks.getParentRunId !== "function") return undefined;
  return callbacks.getParentRunId();
}

function handlersOf(callbacks: Callbacks | { readonly handlers: readonly unknown[] }): readonly unknown[] {
  return Array.isArray(callbacks) ? callbacks : (callbacks?.handlers ?? []);
}

function knownPath(callbacks: Callbacks): readonly SessionPathRun[] {
  const parentRunId = parentRunIdOf(callbacks);
  if (parentRunId === undefined) return [];
  const paths = observersOf(callbacks).map((observer) => observer.pathTo(parentRunId));
  return paths.findLast((path) => path.length > 0) ?? [];
}

/** The metadata of a config, then what its callback manager inherited, which a config of a nested run may hide. */
function metadataOf(config: RunnableConfig | undefined): (object | undefined)[] {
  const { callbacks, metadata } = config ?? {};
  return [metadata, Array.isArray(callbacks) ? undefined : (callbacks as { metadata?: object } | undefined)?.metadata];
}

/** Reads `langgraph_checkpoint_ns`: `node:task id` of each graph, from the outer to the inner one, joined by `|`. */
function pathOfNamespace(namespace: unknown): SessionPathRun[] {
  if (typeof namespace !== "string") return [];
  // A number counts calls of one sub-graph in one node.
  const levels = namespace.split("|").filter((level) => level !== "" && !/^\d+$/.test(level));
  return levels.map((level) => {
    const end = level.lastIndexOf(":");
    return end > 0 ? { id: level.slice(end + 1), name: level.slice(0, end) } : { id: level, name: level };
  });
}

/**
 * Undefined for a value that is no text. LiteLLM fails a call whose body has a lone surrogate (400 on 1.109.1, 500 on
 * 1.70.4), and its Postgres refuses a NUL.
 */
function cleanName(name: unknown): string | undefined {
  if (typeof name !== "string" || name === "") return undefined;
  // Cut before the replacement, which then never reads a name of megabytes, and once more behind half a pair.
  const cut = name.length > MAX_NAME_LENGTH ? name.slice(0, MAX_NAME_LENGTH).replace(/[\ud800-\udbff]$/, "") : name;
  return cut.replace(/\p{Cc}/gu, " ").replace(/\p{Cs}/gu, "\ufffd");
}

function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
