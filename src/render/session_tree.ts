import type { RunView, SessionView } from "./session_view.js";

/** A call, a tool, a retriever or another step, with the sums of what is inside it. */
export interface SessionNode {
  readonly kind: RunView["kind"] | "step";
  readonly name: string;
  /** The call, or the record of the tool or retriever. Undefined for other steps. */
  run: RunView | undefined;
  startMs: number;
  /** Undefined while it runs. */
  endMs: number | undefined;
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  costUsd: number | undefined;
  failures: number;
  children: SessionNode[];
}

/** A line of the picture. */
export interface TreeRow {
  readonly node: SessionNode;
  readonly depth: number;
  /** For each level down to this row's: whether it is the last child there. */
  readonly isLast: readonly boolean[];
  /** The number of rows inside this one that are not drawn. */
  readonly folded: number;
}

/** Steps that LangChain and LangGraph add around those of the app. */
const PLUMBING =
  /^(Runnable\w+|LangGraph|CompiledStateGraph|model_request|model|tools|run|ChannelWrite.*|Branch.*|__\w+__|\w*PromptTemplate|\w*OutputParser|StateGraph)?$/;

/** Builds the tree of a session. The calls of a session without paths are all on the first level. */
export function toTree({ calls, steps }: SessionView): SessionNode[] {
  const root = createNode("step", "", undefined, 0);
  const nodes = new Map<string, SessionNode>();
  const kinds = new Map(steps.map((step) => [step.id, step.kind]));
  const parentOf = (path: RunView["path"], startMs: number) =>
    path.reduce((parent, { id, name }) => {
      const node = nodes.get(id) ?? createNode(kinds.get(id) ?? "step", name, undefined, startMs);
      if (!nodes.has(id)) {
        nodes.set(id, node);
        parent.children.push(node);
      }
      return node;
    }, root);
  for (const step of steps) {
    if (step.id === undefined) continue;
    parentOf([...step.path, { id: step.id, name: step.name }], step.startMs).run = step;
  }
  for (const call of calls)
    parentOf(call.path, call.startMs).children.push(createNode(call.kind, call.name, call, call.startMs));
  sumUp(root);
  return withoutPlumbing(root.children);
}

function createNode(kind: SessionNode["kind"], name: string, run: RunView | undefined, startMs: number): SessionNode {
  const sums = { endMs: 0, inputTokens: undefined, outputTokens: undefined, costUsd: undefined, failures: 0 };
  return { kind, name, run, startMs, ...sums, children: [] };
}

/** Depth first: paths have at most 32 levels. */
function sumUp(node: SessionNode): void {
  const { run, children } = node;
  for (const child of children) sumUp(child);
  children.sort((a, b) => a.startMs - b.startMs);
  const sum = (name: "inputTokens" | "outputTokens" | "costUsd") => {
    const known = [run, ...children].map((part) => part?.[name]).filter((value) => value !== undefined);
    node[name] =
      known.length > 0
        ? Math.min(
            known.reduce((total, value) => total + value, 0),
            Number.MAX_VALUE,
          )
        : undefined;
  };
  sum("inputTokens");
  sum("outputTokens");
  sum("costUsd");
  node.failures = children.reduce((total, { failures }) => total + failures, 0);
  if (run?.status === "failed" && (children.length === 0 || node.failures === 0)) node.failures += 1;
  if (run) {
    node.startMs = run.startMs;
    node.endMs = run.durationMs === undefined ? undefined : run.startMs + run.durationMs;
  } else if (children.length > 0) {
    node.startMs = Math.min(...children.map(({ startMs }) => startMs));
    node.endMs = children.reduce((end, child) => Math.max(end, child.endMs ?? child.startMs), 0);
  }
}

/** A step with nothing but one other step or call is drawn as that one, unless both have names of the app's own. */
function withoutPlumbing(nodes: readonly SessionNode[]): SessionNode[] {
  return nodes.map((node) => {
    node.children = withoutPlumbing(node.children);
    const [child] = node.children;
    if (node.children.length !== 1 || child === undefined) return node;
    if (node.kind === "step" && PLUMBING.test(node.name)) return child;
    if (child.kind === "step" && PLUMBING.test(child.name)) node.children = child.children;
    return node;
  });
}

/**
 * Lists the rows of a tree. With more than `maxRows`, it folds the deepest steps, and then leaves out the oldest rows.
 */
export function toRows(roots: readonly SessionNode[], maxRows: number): { rows: TreeRow[]; foldedRows: number } {
  const all = listRows(roots, Number.POSITIVE_INFINITY);
  let rows = all;
  for (
    let depth = all.reduce((max, row) => Math.max(max, row.depth), 0) - 1;
    rows.length > maxRows && depth >= 0;
    depth -= 1
  ) {
    rows = listRows(roots, depth);
  }
  rows = rows.slice(-maxRows);
  return { rows, foldedRows: all.length - rows.length };
}

function listRows(nodes: readonly SessionNode[], maxDepth: number, isLast: readonly boolean[] = []): TreeRow[] {
  const rows: TreeRow[] = [];
  for (const [index, node] of nodes.entries()) {
    const levels = [...isLast, index === nodes.length - 1];
    const depth = isLast.length;
    const isFolded = depth >= maxDepth && node.children.length > 0;
    rows.push({ node, depth, isLast: levels, folded: isFolded ? countRows(node.children) : 0 });
    if (!isFolded) for (const row of listRows(node.children, maxDepth, levels)) rows.push(row);
  }
  return rows;
}

function countRows(nodes: readonly SessionNode[]): number {
  return nodes.reduce((total, { children }) => total + 1 + countRows(children), 0);
}
