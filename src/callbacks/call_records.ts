/** One model call under a `SessionCallbackHandler`. */
export interface SessionCall {
  /** LangChain's id of the model run. */
  readonly runId: string;
  /** LangChain's id of the run that made the call. Undefined: none did. */
  readonly parentRunId: string | undefined;
  /** The model that was asked. */
  readonly model: string | undefined;
  readonly startedAt: Date;
  /** From start to end of the run, in milliseconds, by a monotonic clock. Undefined while it runs, and for a stream that was abandoned. */
  readonly durationMs: number | undefined;
  /** Undefined where the answer does not say. */
  readonly inputTokens: number | undefined;
  /** Undefined where the answer does not say. */
  readonly outputTokens: number | undefined;
  /** Name and message of the error with which the call failed. */
  readonly error?: string | undefined;
  /** LiteLLM's id of the call. */
  readonly callId?: string | undefined;
  /** The cost in US dollars, where LiteLLM said it. */
  readonly costUsd?: number | undefined;
  /** Whether the answer came from the LLM cache: nothing was sent. */
  readonly cached?: boolean | undefined;
}

/** What a session did and what it cost. */
export interface SessionSummary {
  readonly sessionId: string;
  /** How many model calls were made. */
  readonly calls: number;
  /** How many of them failed. */
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The cost in US dollars of the calls whose cost is known. Undefined where none is. */
  readonly costUsd: number | undefined;
  /** The sum of the calls' durations, in milliseconds. */
  readonly totalMs: number;
  /** From the start of the first call to the end of the last, in milliseconds. */
  readonly wallMs: number;
}

/** How a call ended. */
export type CallOutcome = Pick<SessionCall, "inputTokens" | "outputTokens" | "error" | "callId" | "costUsd" | "cached">;

interface RunningCall {
  readonly call: { -readonly [Key in keyof SessionCall]: SessionCall[Key] };
  readonly startedMs: number;
}

/**
 * Calls of which nobody may ever say that they ended: a stream that its reader left. So many may be
 * under way at once before the oldest is given up.
 */
const MAX_RUNNING = 100_000;

/** The newest calls of a session, and the sums of all. */
export class SessionRecords {
  private readonly newest: SessionCall[] = [];

  private readonly running = new Map<string, RunningCall>();

  private readonly sums = { calls: 0, failures: 0, inputTokens: 0, outputTokens: 0, totalMs: 0 };

  private costUsd: number | undefined;

  private firstStartMs: number | undefined;

  private lastEndMs = 0;

  constructor(private readonly maxCalls: number) {}

  /** The newest calls, the oldest first. */
  get calls(): readonly SessionCall[] {
    return [...this.newest];
  }

  start(runId: string, parentRunId: string | undefined, model: string | undefined): void {
    const startedMs = performance.now();
    const call = {
      runId,
      parentRunId,
      model,
      startedAt: new Date(),
      durationMs: undefined,
      inputTokens: undefined,
      outputTokens: undefined,
    };
    this.sums.calls += 1;
    this.firstStartMs ??= startedMs;
    this.newest.push(call);
    if (this.newest.length > this.maxCalls) this.newest.shift();
    this.running.set(runId, { call, startedMs });
    if (this.running.size > MAX_RUNNING) this.running.delete(this.running.keys().next().value as string);
  }

  end(runId: string, outcome: CallOutcome): void {
    const running = this.running.get(runId);
    if (!running) return;
    this.running.delete(runId);
    const endedMs = performance.now();
    const durationMs = endedMs - running.startedMs;
    const known = Object.entries(outcome).filter(([, value]) => value !== undefined);
    Object.assign(running.call, { durationMs, ...Object.fromEntries(known) });
    this.lastEndMs = endedMs;
    this.sums.totalMs += durationMs;
    this.sums.inputTokens += outcome.inputTokens ?? 0;
    this.sums.outputTokens += outcome.outputTokens ?? 0;
    if (outcome.error !== undefined) this.sums.failures += 1;
    if (outcome.costUsd !== undefined) this.costUsd = (this.costUsd ?? 0) + outcome.costUsd;
  }

  summary(sessionId: string): SessionSummary {
    const wallMs = this.firstStartMs === undefined ? 0 : Math.max(0, this.lastEndMs - this.firstStartMs);
    return { sessionId, ...this.sums, costUsd: this.costUsd, wallMs };
  }
}
