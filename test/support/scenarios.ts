import type { Runnable, RunnableConfig } from "@langchain/core/runnables";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  type SessionChatOpenAI,
  type SessionChatOpenAIFields,
  withSession,
} from "../../src/index.js";
import type { Gateway } from "./gateway/server.js";
import { countClients, modelOf, sessions } from "./sessions.js";

/** The session that every path is run in. */
export const SESSION = "conversation-42";

/** Something that calls the model. */
export interface Path {
  readonly name: string;
  readonly of: (model: SessionChatOpenAI, gateway: Gateway) => Runnable | Promise<Runnable>;
  /** How many requests one run makes. Default: 1. */
  readonly requests?: number;
  readonly input?: unknown;
  /** How many models there are, each with one client. Default: 1. */
  readonly models?: number;
  /** An error of LangChain's own, which comes after the requests. */
  readonly tolerated?: RegExp;
}

/** How a path is called, and how many runs that makes. */
export interface Entry {
  readonly name: string;
  readonly runs?: number;
  readonly call: (runnable: Runnable, input: unknown, config: RunnableConfig) => Promise<unknown>;
}

/** How the session is given to a call. */
export interface Way {
  readonly name: string;
  readonly config: () => RunnableConfig;
  readonly wrap?: (runnable: Runnable) => Runnable;
}

export const INVOKE: Entry = { name: "invoke", call: (runnable, input, config) => runnable.invoke(input, config) };

export const STREAM: Entry = {
  name: "stream",
  call: async (runnable, input, config) => drain(await runnable.stream(input, config)),
};

export const ENTRIES: readonly Entry[] = [
  INVOKE,
  STREAM,
  {
    name: "batch with one config",
    runs: 2,
    call: (runnable, input, config) => runnable.batch([input, input], config),
  },
  {
    name: "batch with a config an input",
    runs: 2,
    call: (runnable, input, config) => runnable.batch([input, input], [config, config]),
  },
  {
    name: "streamEvents v1",
    call: (runnable, input, config) => drain(runnable.streamEvents(input, { ...config, version: "v1" })),
  },
  {
    name: "streamEvents v2",
    call: (runnable, input, config) => drain(runnable.streamEvents(input, { ...config, version: "v2" })),
  },
  { name: "streamLog", call: (runnable, input, config) => drain(runnable.streamLog(input, config)) },
];

export const CONFIGURABLE: Way = { name: "configurable", config: () => ({ configurable: { sessionId: SESSION } }) };

export const HANDLER: Way = {
  name: "a handler",
  config: () => ({ callbacks: [new SessionCallbackHandler({ sessionId: SESSION })] }),
};

export const WRAPPER: Way = {
  name: "a wrapper",
  config: () => ({}),
  wrap: (runnable) => withSession(runnable, { sessionId: SESSION }),
};

/** On the model itself, where a call option is one of its own. */
export const CALL_OPTION: Way = {
  name: "a call option",
  config: () => {
    const options: { sessionId: string } & RunnableConfig = { sessionId: SESSION };
    return options;
  },
};

/** Reads a stream to its end. */
export async function drain<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** What {@link testPaths} combines. */
export interface PathTests {
  readonly paths: readonly Path[];
  readonly entries: readonly Entry[];
  readonly ways: readonly Way[];
  /** The model's field. `false`: nothing streams, not even `stream`. */
  readonly streaming?: readonly (boolean | undefined)[];
}

/**
 * One test for each path, entry and way, on each endpoint, with and without `streaming: true`: every
 * request that arrives carries the session, none is missing, and no more clients are built than
 * there are models.
 */
export function testPaths(
  gateway: { readonly current: Gateway },
  { paths, entries, ways, streaming = [undefined, true] }: PathTests,
): void {
  const cases = paths.flatMap((path) => entries.flatMap((entry) => ways.map((way) => ({ path, entry, way }))));

  beforeEach(() => {
    vi.spyOn(console, "warn").mockImplementation(() => {}); // About the tokenizer, and what is deprecated.
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  for (const endpoint of ["/chat/completions", "/responses"]) {
    describe.each(streaming.map((streaming) => ({ streaming })))(`${endpoint}, streaming: $streaming`, (fields) => {
      for (const { path, entry, way } of cases) {
        it(`${path.name}, ${entry.name}, by ${way.name}`, async () => {
          const clients = countClients(gateway.current);
          const endpointFields = { useResponsesApi: endpoint === "/responses", ...fields } as SessionChatOpenAIFields;
          const model = modelOf(gateway.current, { ...clients.fields, ...endpointFields });
          const runnable = await path.of(model, gateway.current);
          const call = entry.call(way.wrap?.(runnable) ?? runnable, path.input ?? "hi", way.config());
          await call.catch((error) => {
            if (!path.tolerated?.test(String(error))) throw error;
          });

          const { requests } = gateway.current;
          const expected = (path.requests ?? 1) * (entry.runs ?? 1);
          expect(sessions(gateway.current)).toEqual(Array(expected).fill(SESSION));
          expect(requests.map((request) => request.path)).toEqual(Array(expected).fill(endpoint));
          const streamed = fields.streaming === undefined ? [] : requests.map(({ body }) => body.stream);
          expect(streamed).toEqual(streamed.map(() => fields.streaming));
          expect(clients.built).toBe(path.models ?? 1);
        });
      }
    });
  }
}
