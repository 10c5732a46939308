import { MARK } from "./rows.js";

/** Counts the requests to a proxy, by their mark. */
export interface Wire {
  readonly fetch: typeof fetch;
  /** Number of requests with this mark that were answered with 200: each must become a row. */
  answered(mark: string): number;
  /** Number of them that continued an answer. */
  continued(mark: string): number;
  /**
   * Number of retries by the proxy for this mark, by its headers. LiteLLM 1.81 retries if
   * its first requests to `/responses` are concurrent: its connection pool drops them.
   */
  retried(mark: string): number;
}

/** A fetch that counts, for one scenario. */
export function createWire(): Wire {
  const answered = new Counter();
  const continued = new Counter();
  const retried = new Counter();
  return {
    async fetch(input, init) {
      const response = await fetch(input, init);
      const { body: sent } = init ?? {};
      const body = sent instanceof FormData ? JSON.stringify([...sent]) : String(sent);
      const mark = body.match(MARK)?.[0] ?? "none";
      if (response.ok) answered.add(mark, 1);
      if (response.ok && body.includes('"previous_response_id":"')) continued.add(mark, 1);
      retried.add(mark, Number(response.headers.get("x-litellm-attempted-retries") ?? 0));
      return response;
    },
    answered: (mark) => answered.of(mark),
    continued: (mark) => continued.of(mark),
    retried: (mark) => retried.of(mark),
  };
}

class Counter {
  readonly #counts = new Map<string, number>();

  add(key: string, count: number): void {
    this.#counts.set(key, this.of(key) + count);
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}
