import { describe, expect, it } from "vitest";
import { SessionBudgetError, SessionIdError, SessionLogs, SessionLogsError } from "../../src/index.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const thrownBy = (call: () => unknown) =>
  Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (reason: Error) => reason,
    );

const ERRORS = [
  {
    name: "SessionBudgetError",
    known: SessionBudgetError,
    fields: { limit: "iterations", status: 429, sessionId: "a" },
    make: () => {
      gateway.current.failNext(429, { message: "Max iterations exceeded for session a. Current count: 3" });
      return thrownBy(() => modelFor(gateway.current).invoke("hi", { sessionId: "a" }));
    },
  },
  {
    name: "SessionIdError",
    known: SessionIdError,
    fields: { code: "INVALID_SESSION_ID" },
    make: () => thrownBy(() => modelFor(gateway.current).invoke("hi", { sessionId: "a\n" })),
  },
  {
    name: "SessionLogsError",
    known: SessionLogsError,
    fields: { code: "UNREACHABLE" },
    make: () => thrownBy(() => new SessionLogs({ baseURL: "http://127.0.0.1:1", apiKey: "sk" }).summary("a")),
  },
];

const wrapped = (cause: unknown, times = 1): Error =>
  times === 0 ? (cause as Error) : new Error("outer", { cause: wrapped(cause, times - 1) });

describe.each(ERRORS)("isInstance of $name", ({ known, fields, make }) => {
  it("recognises the error behind others that have it as their cause, which then have its fields", async () => {
    const error = await make();
    expect(known.isInstance(error)).toBe(true);
    for (const times of [1, 2, 10]) {
      const outer = wrapped(error, times);
      expect(known.isInstance(outer)).toBe(true);
      expect(outer).toMatchObject({ message: "outer", ...fields });
    }
    expect(known.isInstance(Object.freeze(wrapped(error)))).toBe(true);
    const own = Object.assign(wrapped(error), { status: 500, code: "OWN" });
    expect(known.isInstance(own)).toBe(true);
    expect(own).toMatchObject({ status: 500, code: "OWN" });
  });

  it("does not recognise other errors, cycles, endless chains and values that throw when they are read", () => {
    const cycle = new Error("cycle");
    cycle.cause = wrapped(cycle);
    const endless: object = {
      get cause() {
        return Object.create(endless);
      },
    };
    const throwing = {
      get cause() {
        throw new Error("no");
      },
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const value of [undefined, null, "text", 42, new Error("x"), cycle, endless, throwing, revoked.proxy]) {
      expect(known.isInstance(value)).toBe(false);
    }
    expect(known.isInstance(wrapped(revoked.proxy))).toBe(false);
  });
});
