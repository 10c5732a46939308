import { expect, it } from "vitest";
import {
  RunnableWithSession,
  SessionCallbackHandler,
  SessionLogs,
  SessionOpenAIEmbeddings,
  sessionFetch,
  withSession,
} from "../../src/index.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** Calls without types, as from JavaScript. */
const CALLS: Record<string, (value: unknown) => unknown> = {
  'new SessionCallbackHandler({ sessionId: "': (value) => Reflect.construct(SessionCallbackHandler, [value]),
  'withSession(runnable, { sessionId: "': (value) =>
    Reflect.apply(withSession, undefined, [modelFor(gateway.current), value]),
  'sessionFetch({ sessionId: "': (value) => Reflect.apply(sessionFetch, undefined, [value]),
  "new RunnableWithSession({ bound: ": (value) => Reflect.construct(RunnableWithSession, [value]),
  'new SessionLogs({ baseURL: "': (value) => Reflect.construct(SessionLogs, [value]),
  'new SessionOpenAIEmbeddings({ model: "': (value) => Reflect.construct(SessionOpenAIEmbeddings, [value]),
};

const VALUES: [string, unknown][] = [
  ["a string", "sk-secret-4711"],
  ["the empty string", ""],
  ["a number", 4711],
  ["true", true],
  ["an array", ["sk-secret-4711"]],
  ["a function", () => "sk-secret-4711"],
];

it.each(Object.entries(CALLS).flatMap(([form, call]) => VALUES.map(([name, value]) => ({ form, call, name, value }))))(
  "$form… throws a TypeError that shows this form, and not the value, for $name",
  ({ form, call, value }) => {
    expect(() => call(value)).toThrow(TypeError);
    expect(() => call(value)).toThrow(form);
    try {
      call(value);
    } catch (error) {
      expect(String(error)).not.toContain("4711");
    }
  },
);

it("undefined and null are no fields", () => {
  for (const value of [undefined, null]) {
    expect(Reflect.construct(SessionCallbackHandler, [value]).sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Reflect.apply(withSession, undefined, [modelFor(gateway.current), value])).toBeInstanceOf(
      RunnableWithSession,
    );
    expect(Reflect.apply(sessionFetch, undefined, [value])).toBeTypeOf("function");
  }
});
