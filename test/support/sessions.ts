import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import { Gateway, type GatewayRequest } from "./gateway/server.js";

/** A gateway for all tests of a file: started before, emptied after each, failing on a request that none expected. */
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

/** A model that talks to the gateway. No session of its own unless the test gives one. */
export function modelFor(gateway: Gateway, fields: SessionChatOpenAIFields = {}): SessionChatOpenAI {
  return new SessionChatOpenAI({ ...connection(gateway), sessionId: false, ...fields });
}

/** What any ChatOpenAI needs to talk to the gateway. */
export function connection(gateway: Gateway): SessionChatOpenAIFields {
  return { model: "gpt-4o", apiKey: "sk-test", maxRetries: 0, configuration: { baseURL: gateway.url } };
}

/** The session id of a request, where its body fields and its header agree; what each says where they don't. */
export function sessionOf({ body, headers }: GatewayRequest): unknown {
  const ids = [body.litellm_session_id, body.litellm_trace_id, headers["x-litellm-session-id"]];
  return ids.every((id) => id === ids[0]) ? ids[0] : ids;
}

/** The session ids of all requests that arrived, in order. */
export function sessions(gateway: Gateway): unknown[] {
  return gateway.requests.map(sessionOf);
}

/**
 * Counts the clients that the openai SDK builds, without a look inside: it warns each new client's
 * logger of a log level that it does not know.
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

/** LangChain's `withRetry` waits for one to two seconds before the second attempt; a test need not. */
export function skipRetryDelays(): void {
  const setTimeout = globalThis.setTimeout;
  const isRetryDelay = (ms: number) => ms > 1000 && ms < 2000;
  const skipping = (callback: () => void, ms = 0, ...args: []) =>
    setTimeout(callback, isRetryDelay(ms) ? 0 : ms, ...args);
  vi.spyOn(globalThis, "setTimeout").mockImplementation(skipping as typeof setTimeout);
}
