import type { Runnable, RunnableConfig } from "@langchain/core/runnables";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  type SessionChatOpenAI,
  type SessionChatOpenAIFields,
  withSession,
} from "../../src/index.js";
import type { Gateway } from "./gateway/server.js";
import { collect } from "./runnables.js";
import { countClients, modelFor, sessions } from "./sessions.js";

/** The session that every scenario runs in. */
export const SESSION = "conversation-42";

/** A runnable that calls the model. */
export interface Scenario {
  readonly name: string;
  readonly build: (model: SessionChatOpenAI, gateway: Gateway) => Runnable | Promise<Runnable>;
  /** Number of requests of one run. Default: 1. */
  readonly requests?: number;
  readonly input?: unknown;
  /** Number of models, each with one client. Default: 1. */
  readonly models?: number;
  /** An error that LangChain throws after the requests, also for ChatOpenAI. */
  readonly tolerated?: RegExp;
}

/** A method of the runnable. */
export interface EntryPoint {
  readonly name: string;
  /** Number of runs of one call. Default: 1. */
  readonly runs?: number;
  readonly call: (runnable: Runnable, input: unknown, config: RunnableConfig) => Promise<unknown>;
}

/** Where the session id of a call comes from. */
export interface SessionSource {
  readonly name: string;
  readonly config: () => RunnableConfig;
  readonly wrap?: (runnable: Runnable) => Runnable;
}

export const INVOKE: EntryPoint = { name: "invoke", call: (runnable, input, config) => runnable.invoke(input, config) };

export const STREAM: EntryPoint = {
  name: "stream",
  call: async (runnable, input, config) => collect(await runnable.stream(input, config)),
};

export const ENTRY_POINTS: readonly EntryPoint[] = [
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
    call: (runnable, input, config) => collect(runnable.streamEvents(input, { ...config, version: "v1" })),
  },
  {
    name: "streamEvents v2",
    call: (runnable, input, config) => collect(runnable.streamEvents(input, { ...config, version: "v2" })),
  },
  { name: "streamLog", call: (runnable, input, config) => collect(runnable.streamLog(input, config)) },
];

export const CONFIGURABLE: SessionSource = {
  name: "configurable",
  config: () => ({ configurable: { sessionId: SESSION } }),
};

/** LangChain v1's runtime context. Only agents and graphs have it in their types. */
export const CONTEXT: SessionSource = {
  name: "context",
  config: () => {
    const options: { context: { sessionId: string } } & RunnableConfig = { context: { sessionId: SESSION } };
    return options;
  },
};

export const HANDLER: SessionSource = {
  name: "a handler",
  config: () => ({ callbacks: [new SessionCallbackHandler({ sessionId: SESSION })] }),
};

export const WRAPPER: SessionSource = {
  name: "a wrapper",
  config: () => ({}),
  wrap: (runnable) => withSession(runnable, { sessionId: SESSION }),
};

/** Only for a model itself: other runnables have no call option `sessionId`. */
export const CALL_OPTION: SessionSource = {
  name: "a call option",
  config: () => {
    const options: { sessionId: string } & RunnableConfig = { sessionId: SESSION };
    return options;
  },
};

/** What {@link testScenarios} combines. */
export interface ScenarioTests {
  readonly scenarios: readonly Scenario[];
  readonly entryPoints: readonly EntryPoint[];
  readonly sources: readonly SessionSource[];
  /** Values of the model's field `streaming`. `false`: nothing streams, not even `stream`. Default: undefined and true. */
  readonly streaming?: readonly (boolean | undefined)[];
}

/**
 * One test for each combination of scenario, entry point and source, on both endpoints: every request
 * carries the session, none is missing, and each model builds one client.
 */
export function testScenarios(
  gateway: { readonly current: Gateway },
  { scenarios, entryPoints, sources, streaming = [undefined, true] }: ScenarioTests,
): void {
  const cases = scenarios.flatMap((scenario) =>
    entryPoints.flatMap((entryPoint) => sources.map((source) => ({ scenario, entryPoint, source }))),
  );

  beforeEach(() => {
    vi.spyOn(console, "warn").mockImplementation(() => {}); // The tokenizer, and deprecated methods.
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  for (const endpoint of ["/chat/completions", "/responses"]) {
    describe.each(streaming.map((streaming) => ({ streaming })))(`${endpoint}, streaming: $streaming`, (fields) => {
      for (const { scenario, entryPoint, source } of cases) {
        it(`${scenario.name} sends the session from ${source.name}: ${entryPoint.name}`, async () => {
          const clients = countClients(gateway.current);
          const endpointFields = { useResponsesApi: endpoint === "/responses", ...fields } as SessionChatOpenAIFields;
          const model = modelFor(gateway.current, { ...clients.fields, ...endpointFields });
          const runnable = await scenario.build(model, gateway.current);
          const call = entryPoint.call(source.wrap?.(runnable) ?? runnable, scenario.input ?? "hi", source.config());
          await call.catch((error) => {
            if (!scenario.tolerated?.test(String(error))) throw error;
          });

          const { requests } = gateway.current;
          const expected = (scenario.requests ?? 1) * (entryPoint.runs ?? 1);
          expect(sessions(gateway.current)).toEqual(Array(expected).fill(SESSION));
          expect(requests.map((request) => request.path)).toEqual(Array(expected).fill(endpoint));
          const streamed = fields.streaming === undefined ? [] : requests.map(({ body }) => body.stream);
          expect(streamed).toEqual(streamed.map(() => fields.streaming));
          expect(clients.built).toBe(scenario.models ?? 1);
        });
      }
    });
  }
}
