import { BoundedMap } from "../utils/bounded_map.js";

/** A run of a chain, graph, node, tool or retriever around a model call. */
export interface SessionPathRun {
  /** LangChain's id of the run. Two runs of one step have two ids. */
  readonly id: string;
  /** The run's name: `runName`, else the name of the Runnable's class, node or tool. */
  readonly name: string;
}

/** The name of a run as LangChain's tracers show it. A handler gets `runName` only if the caller or the class set one. */
export function nameOfRun(serialized: unknown, runName: unknown): string {
  const { id, name } = (serialized ?? {}) as { id?: unknown; name?: unknown };
  const candidates = [runName, Array.isArray(id) ? id.at(-1) : undefined, name];
  return candidates.find((candidate) => typeof candidate === "string" && candidate !== "") ?? "run";
}

interface RunNode {
  readonly run: SessionPathRun;
  parent: RunNode | undefined;
  /** The number of runs from the root, or from the last cut, to this one. */
  readonly depth: number;
  /** The runs from the root to this one. Built for the first call inside this run, then shared by all of them. */
  path?: readonly SessionPathRun[];
}

/** Runs whose end LangChain never reports, such as abandoned streams, would make the map grow without a limit. */
const MAX_RUNNING = 50_000;

/** A run that ended may still start others: a tool that does not await its model call. */
const MAX_ENDED = 1_000;

/** The longest path. Work that starts itself again inside its own run would nest without a limit. */
const MAX_DEPTH = 1_000;

/** The runs under a callback handler, and which of them started which. */
export class RunTree {
  private readonly running = new BoundedMap<RunNode>(MAX_RUNNING);
  private readonly ended = new BoundedMap<RunNode>(MAX_ENDED);

  start(id: string, parentId: string | undefined, name: string): void {
    const parent = this.find(parentId);
    const depth = parent ? parent.depth + 1 : 1;
    const node: RunNode = { run: { id, name }, parent, depth: depth < 2 * MAX_DEPTH ? depth : MAX_DEPTH };
    if (depth !== node.depth) cutAbove(node);
    this.running.set(id, node);
  }

  end(id: string): void {
    const node = this.running.get(id);
    if (!node) return;
    this.running.delete(id);
    this.ended.set(id, node);
  }

  /** The runs from the root to the run `id`, which is included. Empty for an unknown run. */
  pathTo(id: string | undefined): readonly SessionPathRun[] {
    const node = this.find(id);
    if (!node) return NO_RUNS;
    node.path ??= toPath(node);
    return node.path;
  }

  private find(id: string | undefined): RunNode | undefined {
    return id === undefined ? undefined : (this.running.get(id) ?? this.ended.get(id));
  }
}

const NO_RUNS: readonly SessionPathRun[] = [];

function toPath(node: RunNode): readonly SessionPathRun[] {
  const path: SessionPathRun[] = [];
  for (let next: RunNode | undefined = node; next && path.length < MAX_DEPTH; next = next.parent) path.push(next.run);
  return path.reverse();
}

/** Releases the runs that no path can contain any more. */
function cutAbove(node: RunNode): void {
  let top = node;
  for (let length = 1; length < MAX_DEPTH && top.parent; length += 1) top = top.parent;
  top.parent = undefined;
}
