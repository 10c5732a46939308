import { SessionSums } from "../utils/session_sums.js";

/** One model call under a `SessionCallbackHandler`. */
export interface SessionCall {
  /** LangChain's id of the model run. */
  readonly runId: string;
  /** LangChain's id of the run that made the call. Undefined if no run made it. */
  readonly parentRunId: string | undefined;
  /** The name of the requested model. */
  readonly model: string | undefined;
  readonly startedAt: Date;
  /** From start to end of the run, in milliseconds. Undefined while it runs, and for an abandoned stream. */
  readonly durationMs: number | undefined;
  /** Undefined if the answer has no usage. */
  readonly inputTokens: number | undefined;
  /** Undefined if the answer has no usage. */
  readonly outputTokens: number | undefined;
  /** Name and message of the error with which the call failed. */
  readonly error?: string | undefined;
  /** LiteLLM's id of the call. */
  readonly callId?: string | undefined;
  /** The cost in US dollars. Undefined if LiteLLM did not send it. */
  readonly costUsd?: number | undefined;
  /** Whether the answer came from LangChain's LLM cache, without a request. */
  readonly cached?: boolean | undefined;
}

/** The fields of a {@link SessionCall} that are known when it ends. */
export type CallOutcome = Pick<SessionCall, "inputTokens" | "outputTokens" | "error" | "callId" | "costUsd" | "cached">;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Without a limit the map would leak: LangChain never reports the end of an abandoned stream. */
const MAX_RUNNING = 100_000;

/** The newest calls of a session, and the sums of all its calls. */
export class CallRecords {
  private readonly newest: SessionCall[] = [];
  private readonly running = new Map<string, { readonly call: Mutable<SessionCall>; readonly startMs: number }>();
  readonly sums = new SessionSums();

  constructor(private readonly maxCalls: number) {}

  /** The newest calls, the oldest first. */
  get calls(): readonly SessionCall[] {
    return [...this.newest];
  }

  start(runId: string, parentRunId: string | undefined, model: string | undefined): void {
    const startMs = performance.now();
    const call = {
      runId,
      parentRunId,
      model,
      startedAt: new Date(),
      durationMs: undefined,
      inputTokens: undefined,
      outputTokens: undefined,
    };
    this.sums.start(startMs);
    this.newest.push(call);
    if (this.newest.length > this.maxCalls) this.newest.shift();
    this.running.set(runId, { call, startMs });
    if (this.running.size > MAX_RUNNING) this.running.delete(this.running.keys().next().value as string);
  }

  end(runId: string, outcome: CallOutcome): void {
    const running = this.running.get(runId);
    if (!running) return;
    this.running.delete(runId);
    const { call, startMs } = running;
    const durationMs = performance.now() - startMs;
    const knownFields = Object.entries(outcome).filter(([, value]) => value !== undefined);
    Object.assign(call, { durationMs, ...Object.fromEntries(knownFields) });
    this.sums.end(startMs, outcome.error !== undefined, { ...outcome, durationMs });
  }
}
