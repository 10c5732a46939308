/** The number, tokens, cost and duration of a session's model calls. */
export interface SessionSummary {
  readonly sessionId: string;
  /** The number of model calls. */
  readonly calls: number;
  /** The number of failed calls, without aborted ones. */
  readonly failures: number;
  /** The number of calls that their caller's signal ended. */
  readonly aborted: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The part of `inputTokens` that providers read from their prompt caches. */
  readonly cachedInputTokens: number;
  /** The cost in US dollars of the calls with a known cost. Undefined if no call has one. */
  readonly costUsd: number | undefined;
  /** The sum of the calls' durations, in milliseconds. */
  readonly totalMs: number;
  /** From the start of the first call to the end of the last, in milliseconds. */
  readonly wallMs: number;
}

type EndedCall = {
  readonly [Field in "inputTokens" | "outputTokens" | "cachedInputTokens" | "costUsd" | "durationMs"]?:
    | number
    | undefined;
};

/** Adds calls up to a {@link SessionSummary}. Every number in a call must be finite and not negative. */
export class SessionSums {
  private readonly sums = {
    calls: 0,
    failures: 0,
    aborted: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    totalMs: 0,
  };
  private costUsd: number | undefined;
  private firstStartMs = Number.POSITIVE_INFINITY;
  private lastEndMs = Number.NEGATIVE_INFINITY;

  /** Counts a call that starts. All times of one session must come from one clock, in milliseconds. */
  start(startMs: number): void {
    this.sums.calls += 1;
    this.firstStartMs = Math.min(this.firstStartMs, startMs);
  }

  end(startMs: number, status: "ok" | "failed" | "aborted", call: EndedCall): void {
    const { sums } = this;
    if (status === "failed") sums.failures += 1;
    if (status === "aborted") sums.aborted += 1;
    sums.inputTokens = add(sums.inputTokens, call.inputTokens);
    sums.outputTokens = add(sums.outputTokens, call.outputTokens);
    sums.cachedInputTokens = add(sums.cachedInputTokens, call.cachedInputTokens);
    sums.totalMs = add(sums.totalMs, call.durationMs);
    if (call.costUsd !== undefined) this.costUsd = add(this.costUsd, call.costUsd);
    this.lastEndMs = Math.max(this.lastEndMs, startMs + (call.durationMs ?? 0));
  }

  summary(sessionId: string): SessionSummary {
    const wallMs = Math.max(0, this.lastEndMs - this.firstStartMs);
    return { sessionId, ...this.sums, costUsd: this.costUsd && roundUsd(this.costUsd), wallMs };
  }
}

/** A sum stays finite, even if a proxy sent two counts of 1e308. */
function add(sum = 0, value = 0): number {
  return Math.min(sum + value, Number.MAX_VALUE);
}

/** Rounds to the 15 digits that a double can carry, so that 0.1 + 0.2 is 0.3. */
function roundUsd(usd: number): number {
  const rounded = Number(usd.toPrecision(15));
  return Number.isFinite(rounded) ? rounded : usd;
}
