import type { SessionCall, SessionLogRow, SessionStep, SessionSummary } from "../../src/index.js";
import { logRow } from "./session_log_rows.js";

const START_MS = Date.UTC(2026, 0, 1);

type Path = SessionCall["path"];

/** A path of names. The id of a run is its name, or what stands after `#`. */
const pathOf = (...names: string[]): Path => names.map((name) => ({ id: name, name: name.split("#")[0] as string }));

const AGENT = pathOf("research_agent");

function call(
  startMs: number,
  durationMs: number | undefined,
  path: Path,
  fields: Partial<SessionCall> = {},
): SessionCall {
  return {
    ...{ runId: `call-${startMs}-${path.length}`, parentRunId: path.at(-1)?.id, kind: "chat", status: "ok", path },
    ...{ model: "gpt-4o", startedAt: new Date(START_MS + startMs), durationMs, inputTokens: 1_204, outputTokens: 88 },
    ...{ costUsd: 0.0039, firstTokenMs: durationMs === undefined ? undefined : durationMs / 3 },
    ...fields,
  } as SessionCall;
}

function step(startMs: number, durationMs: number, kind: SessionStep["kind"], path: Path, id: string): SessionStep {
  const name = id.split("#")[0] as string;
  return {
    runId: id,
    parentRunId: path.at(-1)?.id,
    kind,
    name,
    path,
    startedAt: new Date(START_MS + startMs),
    durationMs,
  };
}

/** An agent with two tools, one called twice in parallel, a sub-agent, a retry, a failure, a stopped stream, a cached answer. */
export const BUSY_CALLS: readonly SessionCall[] = [
  call(0, 1_100, [...AGENT, ...pathOf("model_request#1")]),
  call(1_100, 180, [...AGENT, ...pathOf("tools#1", "search_docs#1")], {
    ...{
      model: "text-embedding-3-small",
      kind: "embedding",
      outputTokens: undefined,
      costUsd: 4e-7,
      firstTokenMs: undefined,
    },
  }),
  call(1_600, 1_900, [...AGENT, ...pathOf("tools#1", "search_docs#1")], { model: "gpt-4o-mini", costUsd: 0.001 }),
  call(1_200, 900, [...AGENT, ...pathOf("tools#2", "search_docs#2")], { model: "gpt-4o-mini", costUsd: undefined }),
  call(1_150, 90, [...AGENT, ...pathOf("tools#3", "translate", "translator", "model_request#2")], {
    ...{
      model: "claude-sonnet-4-5",
      status: "failed",
      inputTokens: undefined,
      outputTokens: undefined,
      costUsd: undefined,
    },
    error: "RateLimitError: 429 retry after 1 s",
  }),
  call(2_300, 2_900, [...AGENT, ...pathOf("tools#3", "translate", "translator", "model_request#3")], {
    ...{ model: "claude-sonnet-4-5", costUsd: 0.0162, cachedInputTokens: 1_024 },
  }),
  call(6_300, 8, [...AGENT, ...pathOf("model_request#4")], { cached: true, costUsd: 0, firstTokenMs: undefined }),
  call(6_320, 3_900, [...AGENT, ...pathOf("write_report")], {
    ...{ model: "azure/eu-gpt-4.1-2025-04-14-datazone-standard", costUsd: 0.0229 },
  }),
  call(6_320, 2_700, [...AGENT, ...pathOf("write_report")], { costUsd: 12.0117 }),
  call(10_300, 1_500, [...AGENT, ...pathOf("model_request#5")], {
    ...{ status: "aborted", error: "AbortError: stopped", costUsd: undefined },
  }),
];

export const BUSY_STEPS: readonly SessionStep[] = [
  step(1_100, 2_400, "tool", [...AGENT, ...pathOf("tools#1")], "search_docs#1"),
  step(1_290, 260, "retriever", [...AGENT, ...pathOf("tools#1", "search_docs#1")], "vector store"),
  step(1_150, 1_000, "tool", [...AGENT, ...pathOf("tools#2")], "search_docs#2"),
  step(1_140, 4_200, "tool", [...AGENT, ...pathOf("tools#3")], "translate"),
];

/** The records of a handler, with the sums of its calls. */
export function handlerOf(calls: readonly SessionCall[], steps: readonly SessionStep[] = []) {
  const sum = (field: "inputTokens" | "outputTokens" | "cachedInputTokens" | "costUsd" | "durationMs") =>
    calls.reduce((total, each) => total + (each[field] ?? 0), 0);
  const summary = (): SessionSummary => ({
    ...{
      sessionId: "conversation-42",
      calls: calls.length,
      inputTokens: sum("inputTokens"),
      outputTokens: sum("outputTokens"),
    },
    failures: calls.filter(({ status }) => status === "failed").length,
    aborted: calls.filter(({ status }) => status === "aborted").length,
    ...{
      cachedInputTokens: sum("cachedInputTokens"),
      costUsd: sum("costUsd"),
      totalMs: sum("durationMs"),
      wallMs: 11_800,
    },
  });
  return { sessionId: "conversation-42", calls, steps, summary };
}

/** The same calls as rows of the log, of a model with `logSteps`. */
export function rowsOfCalls(calls: readonly SessionCall[]): SessionLogRow[] {
  return calls.map(({ startedAt, model, path, kind, status, cached, error, costUsd, ...each }, index) =>
    logRow(startedAt.getTime() - START_MS, {
      ...{
        requestId: `request-${index}`,
        modelGroup: model,
        durationMs: each.durationMs,
        firstTokenMs: each.firstTokenMs,
      },
      ...{
        callType: kind === "embedding" ? "aembedding" : "acompletion",
        cacheHit: cached === true,
        costUsd: costUsd ?? 0,
      },
      ...{ inputTokens: each.inputTokens ?? 0, outputTokens: each.outputTokens ?? 0, error },
      status: status === "failed" ? "failure" : "success",
      step: { path, runId: undefined, parentRunId: undefined, node: undefined, step: undefined, agent: undefined },
    }),
  );
}

/** The busy session, and 190 calls of one step. */
export function longSession() {
  const path = [...AGENT, ...pathOf("crawl")];
  const more = Array.from({ length: 190 }, (_, index) => call(12_000 + index * 100, 90, path));
  return handlerOf([...BUSY_CALLS, ...more], BUSY_STEPS);
}
