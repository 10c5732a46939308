/** What a session did and what it cost. */
export interface SessionSummary {
  readonly sessionId: string;
  /** How many model calls were made. */
  readonly calls: number;
  /** How many of them failed. */
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The cost in US dollars of the calls whose cost is known. Undefined if no cost is known. */
  readonly costUsd: number | undefined;
  /** The sum of the calls' durations, in milliseconds. */
  readonly totalMs: number;
  /** From the start of the first call to the end of the last, in milliseconds. */
  readonly wallMs: number;
}

/** A call that ended, as far as the sums need it. */
export interface EndedCall {
  readonly isFailed: boolean;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly costUsd: number | undefined;
  readonly durationMs: number | undefined;
}

/** Adds calls up to a {@link SessionSummary}. */
export class SessionSums {
  private readonly sums = { calls: 0, failures: 0, inputTokens: 0, outputTokens: 0, totalMs: 0 };
  private costUsd: number | undefined;
  private firstStartMs = Number.POSITIVE_INFINITY;
  private lastEndMs = Number.NEGATIVE_INFINITY;

  /** Counts a call that starts. All times of one session are of one clock, in milliseconds. */
  start(startMs: number): void {
    this.sums.calls += 1;
    this.firstStartMs = Math.min(this.firstStartMs, startMs);
  }

  end(startMs: number, { isFailed, inputTokens, outputTokens, costUsd, durationMs }: EndedCall): void {
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
