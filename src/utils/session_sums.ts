/** The number, tokens, cost and duration of a session's model calls. */
export interface SessionSummary {
  readonly sessionId: string;
  /** The number of model calls. */
  readonly calls: number;
  /** The number of failed calls. */
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The cost in US dollars of the calls with a known cost. Undefined if no call has one. */
  readonly costUsd: number | undefined;
  /** The sum of the calls' durations, in milliseconds. */
  readonly totalMs: number;
  /** From the start of the first call to the end of the last, in milliseconds. */
  readonly wallMs: number;
}

type EndedCall = { readonly [Field in "inputTokens" | "outputTokens" | "costUsd" | "durationMs"]?: number | undefined };

/** Adds calls up to a {@link SessionSummary}. */
export class SessionSums {
  private readonly sums = { calls: 0, failures: 0, inputTokens: 0, outputTokens: 0, totalMs: 0 };
  private costUsd: number | undefined;
  private firstStartMs = Number.POSITIVE_INFINITY;
  private lastEndMs = Number.NEGATIVE_INFINITY;

  /** Counts a call that starts. All times of one session must come from one clock, in milliseconds. */
  start(startMs: number): void {
    this.sums.calls += 1;
    this.firstStartMs = Math.min(this.firstStartMs, startMs);
  }

  end(startMs: number, isFailed: boolean, { inputTokens, outputTokens, costUsd, durationMs }: EndedCall): void {
    this.sums.failures += isFailed ? 1 : 0;
    this.sums.inputTokens += inputTokens ?? 0;
    this.sums.outputTokens += outputTokens ?? 0;
    this.sums.totalMs += durationMs ?? 0;
    if (costUsd !== undefined) this.costUsd = (this.costUsd ?? 0) + costUsd;
    this.lastEndMs = Math.max(this.lastEndMs, startMs + (durationMs ?? 0));
  }

  summary(sessionId: string): SessionSummary {
    const wallMs = Math.max(0, this.lastEndMs - this.firstStartMs);
    return { sessionId, ...this.sums, costUsd: this.costUsd, wallMs };
  }
}
