import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import { Gateway, type GatewayRequest } from "./gateway/server.js";

/** A gateway for all tests of a file. It is reset after each test, which fails if an unexpected request arrived. */
export function useGateway(): { readonly current: Gateway } {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start();
  });
  afterEach(() => {
    const unexpected = [...gateway.unexpected];
    gateway.reset();
    expect(unexpected).toEqual([]);
  });
  afterAll(() => gateway.stop());
  return {
    get current() {
      return gateway;
    },
  };
}

/** A model that calls the gateway, with `sessionId: false` unless the fields set another. */
export function modelFor(gateway: Gateway, fields: SessionChatOpenAIFields = {}): SessionChatOpenAI {
  return new SessionChatOpenAI({ ...connection(gateway), sessionId: false, ...fields });
}

/** Fields for any ChatOpenAI to call the gateway. */
export function connection(gateway: Gateway): SessionChatOpenAIFields {
  return { model: "gpt-4o", apiKey: "sk-test", maxRetries: 0, configuration: { baseURL: gateway.url } };
}

/** The session id of a request. If its body fields and its header differ, an array of all three. */
export function sessionOf({ body, headers }: GatewayRequest): unknown {
  const ids = [body.litellm_session_id, body.litellm_trace_id, headers["x-litellm-session-id"]];
  return ids.every((id) => id === ids[0]) ? ids[0] : ids;
}

/** The session ids of all requests that arrived, in order. */
export function sessions(gateway: Gateway): unknown[] {
  return gateway.requests.map(sessionOf);
}

/**
 * Counts the clients that the openai SDK builds, by the log level that it does not know: it warns
 * about it once for each new client.
 */
export function countClients(gateway: Gateway): { fields: SessionChatOpenAIFields; readonly built: number } {
  vi.stubEnv("OPENAI_LOG", "count-clients");
  const warn = vi.fn();
  const ignore = () => {};
  const logger = { error: ignore, warn, info: ignore, debug: ignore };
  return {
    fields: { configuration: { baseURL: gateway.url, logger } },
    get built() {
      return warn.mock.calls.length;
    },
  };
}

/** Skips the delays before LangChain's second and third attempt: one to two and two to four seconds. */
export function skipRetryDelays(): void {
  skipDelays((ms) => ms >= 1000 && ms <= 4000);
}

/** Lets timers with such a delay run at once. Undone by `vi.restoreAllMocks()`. */
export function skipDelays(isSkipped: (ms: number) => boolean): void {
  const setTimeout = globalThis.setTimeout;
  const skipping = (callback: () => void, ms = 0, ...args: []) => setTimeout(callback, isSkipped(ms) ? 0 : ms, ...args);
  vi.spyOn(globalThis, "setTimeout").mockImplementation(skipping as typeof setTimeout);
}
