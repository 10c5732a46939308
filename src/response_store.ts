import type { BaseStore } from "@langchain/core/stores";
import { type Digest, isResponseId } from "./response_chain.js";
import { warn } from "./warn.js";

/** The last answer of a session, as it stands in the store. */
export interface StoredResponse {
  /** The id of the response. */
  readonly id: string;
  /** The model that was asked. */
  readonly model: string;
  /** Ids of tool calls in it that were not answered yet. */
  readonly pendingCalls: readonly string[];
}

/** What an id of a response belongs to: nobody else may continue it. */
export interface ResponseOwner {
  readonly baseURL: string;
  /** Everything in the request that says who asks. */
  readonly credentials: readonly string[];
  readonly model: string;
}

/** The last answer of one session, in a store that may fail: a failure is warned of and costs the history, not the call. */
export class SessionResponse {
  private constructor(
    private readonly store: BaseStore<string, string>,
    private readonly key: string,
    private readonly model: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /**
   * @param digest Keeps the API key out of the store and two tenants' conversations apart.
   * @param signal Ends the call, and the waiting for a store that does not answer.
   */
  static async of(
    store: BaseStore<string, string>,
    sessionId: string,
    { baseURL, credentials, model }: ResponseOwner,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<SessionResponse> {
    const owner = await digest(JSON.stringify([baseURL, credentials, model]));
    return new SessionResponse(store, `litellm-session:v1:${owner}:${sessionId}`, model, signal);
  }

  /** The answer, or undefined where there is none that can be read. */
  async read(): Promise<StoredResponse | undefined> {
    let value: unknown;
    try {
      [value] = await untilAborted(this.signal, () => this.store.mget([this.key]));
    } catch (error) {
      if (this.signal?.aborted) return undefined; // The request says so.
      warn(`responseStore could not be read, so this call starts afresh (${nameOf(error)})`);
      return undefined;
    }
    if (value === undefined || value === null) return undefined;
    const response = parse(value);
    if (response?.model === this.model) return response;
    warn("responseStore holds something else than an answer of this model, so this call starts afresh");
    return undefined;
  }

  async write(response: Omit<StoredResponse, "model">): Promise<void> {
    try {
      const value = JSON.stringify({ ...response, model: this.model });
      await untilAborted(this.signal, () => this.store.mset([[this.key, value]]));
    } catch (error) {
      warn(`responseStore could not be written, so the next call will not continue this answer (${nameOf(error)})`);
    }
  }
}

/** What a store answers, or an error as soon as the signal aborts. */
async function untilAborted<T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> {
  if (!signal) return ask();
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([ask(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function parse(value: unknown): StoredResponse | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const { id, model, pendingCalls } = JSON.parse(value);
    const isComplete =
      isResponseId(id) &&
      typeof model === "string" &&
      Array.isArray(pendingCalls) &&
      pendingCalls.every((call) => typeof call === "string");
    return isComplete ? { id, model, pendingCalls } : undefined;
  } catch {
    return undefined;
  }
}

/** The kind of an error, and not its text: a store's connection string may stand in it. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
