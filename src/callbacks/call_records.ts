import { RunTree, type SessionPathRun } from "../session/run_tree.js";
import { BoundedMap } from "../utils/bounded_map.js";
import { formatErrorText } from "../utils/error_text.js";
import { Ring } from "../utils/ring.js";
import { SessionSums } from "../utils/session_sums.js";

/** Fields that a {@link SessionCall} and a {@link SessionStep} share. */
interface SessionRun {
  /** LangChain's id of the run. */
  readonly runId: string;
  /** LangChain's id of the run that started this one. Undefined if no run started it. */
  readonly parentRunId: string | undefined;
  /** The runs around this one, without it. The outermost is first. At most 1,000, the innermost ones. */
  readonly path: readonly SessionPathRun[];
  readonly startedAt: Date;
  /** From start to end of the run, in milliseconds. Undefined while it runs, and for an abandoned stream. */
  readonly durationMs: number | undefined;
  /** Name and message of the error with which the run ended. At most 2,000 characters. */
  readonly error?: string | undefined;
}

/** One model call under a `SessionCallbackHandler`. */
export interface SessionCall extends SessionRun {
  /** A chat or text completion, or a request of `SessionOpenAIEmbeddings`, which has a `runId` of this package. */
  readonly kind: "chat" | "embedding";
  /**
   * `"aborted"`: the caller's signal ended the call. A timeout is `"failed"`. `"unfinished"`: the call runs, or its
   * stream was abandoned.
   */
  readonly status: "ok" | "failed" | "aborted" | "unfinished";
  /** The name of the requested model. */
  readonly model: string | undefined;
  /**
   * From the start to the first chunk with text, a tool call or reasoning, in milliseconds. Undefined for a call that
   * is not streamed.
   */
  readonly firstTokenMs?: number | undefined;
  /** Undefined if the answer has no usage. */
  readonly inputTokens: number | undefined;
  /** Undefined if the answer has no usage. */
  readonly outputTokens: number | undefined;
  /** The part of `inputTokens` that the provider read from its prompt cache. Undefined if the answer does not say. */
  readonly cachedInputTokens?: number | undefined;
  /** LiteLLM's id of the call. */
  readonly callId?: string | undefined;
  /** The cost in US dollars. Undefined if LiteLLM did not send it. 0 for an answer from the proxy's cache. */
  readonly costUsd?: number | undefined;
  /** True for an answer from LangChain's LLM cache, without a request, or from the proxy's cache. */
  readonly cached?: boolean | undefined;
}

/** One run of a tool or a retriever under a `SessionCallbackHandler`. */
export interface SessionStep extends SessionRun {
  readonly kind: "tool" | "retriever";
  /** `runName`, else the name of the tool, or of the retriever's class. */
  readonly name: string;
}

/** The fields of a {@link SessionCall} that are known when it ends. */
export type CallOutcome = Partial<
  Pick<SessionCall, "inputTokens" | "outputTokens" | "cachedInputTokens" | "callId" | "costUsd" | "cached" | "error">
> & { readonly status: Exclude<SessionCall["status"], "unfinished"> };

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Running<Record> {
  readonly record: Mutable<Record>;
  readonly startMs: number;
  /** The signal that ends the call: the caller's, joined with LangChain's timeout. */
  readonly signal?: AbortSignal | undefined;
  /** Whether a class of this package made the call: then LiteLLM's metadata on the answer is from the proxy. */
  readonly isOurs?: boolean;
}

/** Without a limit the map would leak: LangChain never reports the end of an abandoned stream. */
const MAX_RUNNING = 50_000;

/** The newest calls and steps of a session, and the sums of all its calls. */
export class CallRecords {
  readonly tree = new RunTree();
  readonly sums = new SessionSums();
  private readonly newestCalls: Ring<SessionCall>;
  private readonly newestSteps: Ring<SessionStep>;
  private readonly runningCalls = new BoundedMap<Running<SessionCall>>(MAX_RUNNING);
  private readonly runningSteps = new BoundedMap<Running<SessionStep>>(MAX_RUNNING);

  constructor(maxCalls: number) {
    this.newestCalls = new Ring(maxCalls);
    this.newestSteps = new Ring(maxCalls);
  }

  /** The newest calls, the oldest first. */
  get calls(): readonly SessionCall[] {
    return this.newestCalls.toArray();
  }

  /** The newest steps, the oldest first. */
  get steps(): readonly SessionStep[] {
    return this.newestSteps.toArray();
  }

  startCall(
    { runId, parentRunId, kind, model }: Pick<SessionCall, "runId" | "parentRunId" | "kind" | "model">,
    origin: Pick<Running<SessionCall>, "signal" | "isOurs">,
  ): void {
    const startMs = performance.now();
    const record: SessionCall = {
      runId,
      parentRunId,
      kind,
      path: this.tree.pathTo(parentRunId),
      model,
      status: "unfinished",
      startedAt: new Date(),
      durationMs: undefined,
      inputTokens: undefined,
      outputTokens: undefined,
    };
    this.sums.start(startMs);
    this.newestCalls.add(record);
    this.runningCalls.set(runId, { record, startMs, ...origin });
  }

  isOurs(runId: string): boolean {
    return this.runningCalls.get(runId)?.isOurs === true;
  }

  /** Notes the first token of a stream. Later calls change nothing. */
  firstToken(runId: string): void {
    const running = this.runningCalls.get(runId);
    if (!running || running.record.firstTokenMs !== undefined) return;
    running.record.firstTokenMs = performance.now() - running.startMs;
  }

  endCall(runId: string, outcome: CallOutcome): void {
    const running = this.runningCalls.get(runId);
    if (!running) return;
    this.runningCalls.delete(runId);
    const { record, startMs } = running;
    record.durationMs = performance.now() - startMs;
    for (const key of Object.keys(outcome) as (keyof CallOutcome)[]) {
      if (outcome[key] !== undefined) Object.assign(record, { [key]: outcome[key] });
    }
    if (outcome.cached && outcome.costUsd === undefined) delete record.firstTokenMs; // LangChain's cache streams nothing.
    this.sums.end(startMs, outcome.status, record);
  }

  failCall(runId: string, thrown: unknown, outcome: Partial<CallOutcome>): void {
    const status = isAbort(thrown, this.runningCalls.get(runId)?.signal) ? "aborted" : "failed";
    this.endCall(runId, { ...outcome, status, error: formatThrown(thrown) });
  }

  /** `runId` of a step is also part of the tree: the step is on the path of what runs inside it. */
  startStep(kind: SessionStep["kind"], runId: string, parentRunId: string | undefined, name: string): void {
    const path = this.tree.pathTo(parentRunId);
    const record: SessionStep = { runId, parentRunId, kind, name, path, startedAt: new Date(), durationMs: undefined };
    this.newestSteps.add(record);
    this.runningSteps.set(runId, { record, startMs: performance.now() });
    this.tree.start(runId, parentRunId, name);
  }

  endStep(runId: string, error?: string): void {
    this.tree.end(runId);
    const running = this.runningSteps.get(runId);
    if (!running) return;
    this.runningSteps.delete(runId);
    running.record.durationMs = performance.now() - running.startMs;
    if (error !== undefined) running.record.error = error;
  }
}

/** The names of errors that LangChain and the OpenAI SDK throw for an aborted signal, if the reason is no error. */
const ABORT_ERRORS = new Set<unknown>(["AbortError", "APIUserAbortError", "ModelAbortError"]);

/** Whether the caller ended the call. A signal's timeout, which LangChain's option `timeout` creates, is a failure. */
function isAbort(thrown: unknown, signal: AbortSignal | undefined): boolean {
  const { name, status } = (thrown ?? {}) as { name?: unknown; status?: unknown };
  if (!signal?.aborted) return ABORT_ERRORS.has(name);
  // The proxy may have answered with an error just before the signal was aborted.
  if (typeof status === "number" && thrown !== signal.reason) return false;
  return (signal.reason as { name?: unknown } | undefined)?.name !== "TimeoutError";
}

/** Formats what a run threw, which may be any value. */
export function formatThrown(thrown: unknown): string {
  try {
    const { name, message } = (thrown ?? {}) as { name?: unknown; message?: unknown };
    if (message === undefined) return formatErrorText(String(thrown));
    return formatErrorText(`${name ?? "Error"}: ${message}`);
  } catch {
    return "Error: a value that can't be shown";
  }
}
