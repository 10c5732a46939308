import { ChatOpenAI } from "@langchain/openai";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionChatOpenAI } from "../../src/index.js";
import { sendEvents } from "../support/gateway/server.js";
import { ENDPOINTS, observe, SESSION, threeModels, withoutSession } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { connection, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.restoreAllMocks();
});

/** The first event of a stream. */
const delta = { type: "response.output_text.delta", item_id: "m", output_index: 0, content_index: 0, delta: "half" };
const chunk = { id: "c", choices: [{ index: 0, delta: { role: "assistant", content: "half" }, finish_reason: null }] };

/** Failures of a call: the gateway's answer, and LangChain's error for it. */
const REFUSALS = [
  { status: 400, error: { message: "bad field", code: "unknown_parameter" }, as: { kind: "BadRequestError" } },
  {
    status: 400,
    error: { message: "beyond the maximum context length" },
    as: { kind: "ContextOverflowError" },
  },
  { status: 400, error: { message: "no answer to tool_calls" }, as: { lc_error_code: "INVALID_TOOL_RESULTS" } },
  { status: 401, error: { message: "no key", type: "auth" }, as: { lc_error_code: "MODEL_AUTHENTICATION" } },
  { status: 404, error: { message: "no such model" }, as: { lc_error_code: "MODEL_NOT_FOUND" } },
  { status: 429, error: { message: "slow down" }, as: { lc_error_code: "MODEL_RATE_LIMIT" } },
  { status: 429, error: { message: "pay", code: "insufficient_quota" }, as: { name: "InsufficientQuotaError" } },
  { status: 500, error: { message: "broken" }, as: { kind: "InternalServerError" } },
];

const CALLS: Record<string, (model: ChatOpenAI) => unknown> = {
  invoke: (model) => model.invoke("hi"),
  stream: (model) => collect(model.stream("hi")),
  "streamEvents v3": (model) => collect(model.streamEvents("hi")),
  batch: (model) => model.batch(["hi"]),
  withStructuredOutput: (model) => model.withStructuredOutput({ title: "a", type: "object" }).invoke("hi"),
};

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  describe.each(Object.entries(CALLS))("%s", (_, call) => {
    it.each(REFUSALS)(
      "a $status, $error.message, is the error that ChatOpenAI throws",
      async ({ status, error, as }) => {
        const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi });
        const refused = (model: ChatOpenAI) => {
          gateway.current.failNext(status, error);
          return observe(gateway.current, () => call(model));
        };
        const expected = await refused(plain);
        expect(expected.outcome).toMatchObject({ thrown: as });
        expect(await refused(sessionless)).toEqual(expected);
        expect(withoutSession(await refused(inSession))).toEqual(withoutSession(expected));
      },
    );

    it("aborted, timed out and unreachable calls throw ChatOpenAI's errors", async () => {
      gateway.current.respond(() => new Promise<boolean>(() => {}));
      const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi, timeout: 50 });
      const nowhere = { useResponsesApi, configuration: { baseURL: "http://127.0.0.1:1/v1" } };
      const unreachable = threeModels(gateway.current, nowhere);
      const outcomeOf = async (model: ChatOpenAI) => (await observe(gateway.current, () => call(model))).outcome;

      const tooLong = await outcomeOf(plain);
      expect(tooLong).toMatchObject({ thrown: { name: "TimeoutError" } });
      expect(await outcomeOf(sessionless)).toEqual(tooLong);
      expect(await outcomeOf(inSession)).toEqual(tooLong);

      const unreached = await outcomeOf(unreachable.plain);
      expect(unreached).toMatchObject({ thrown: { kind: "APIConnectionError" } });
      expect(await outcomeOf(unreachable.sessionless)).toEqual(unreached);
      expect(await outcomeOf(unreachable.inSession)).toEqual(unreached);

      const signal = AbortSignal.abort();
      const aborted = await observe(gateway.current, () => plain.invoke("hi", { signal }));
      expect(aborted).toMatchObject({ requests: [], outcome: { thrown: expect.anything() } });
      expect(await observe(gateway.current, () => sessionless.invoke("hi", { signal }))).toEqual(aborted);
      expect(await observe(gateway.current, () => inSession.invoke("hi", { signal }))).toEqual(aborted);
    });

    it("a wrong base URL and a missing key throw ChatOpenAI's errors", async () => {
      for (const given of [{ configuration: { baseURL: "not a URL" } }, { apiKey: undefined }]) {
        const fields = { ...connection(gateway.current), useResponsesApi, ...given };
        const expected = await observe(gateway.current, () => call(new ChatOpenAI(fields)));
        expect(expected).toMatchObject({ requests: [], outcome: { thrown: expect.anything() } });
        for (const sessionId of [false as const, SESSION]) {
          const model = new SessionChatOpenAI({ ...fields, sessionId });
          expect(await observe(gateway.current, () => call(model))).toEqual(expected);
        }
      }
    });
  });

  it.each([
    { name: "a field", fields: { maxRetries: 1 }, options: {}, status: 500, requests: 2 },
    { name: "a call option", fields: { maxRetries: 0 }, options: { maxRetries: 1 }, status: 500, requests: 2 },
    {
      name: "a field that a call option takes back",
      fields: { maxRetries: 1 },
      options: { maxRetries: 0 },
      status: 500,
      requests: 1,
    },
    { name: "a field, for an error that stays", fields: { maxRetries: 1 }, options: {}, status: 401, requests: 1 },
    { name: "a field, for a rate limit", fields: { maxRetries: 1 }, options: {}, status: 429, requests: 1 },
    {
      name: "a field, for a rate limit that says when",
      fields: { maxRetries: 1 },
      options: {},
      status: 429,
      after: "0",
      requests: 2,
    },
  ])("retries by $name are the same as in ChatOpenAI", async ({ fields, options, status, after, requests }) => {
    skipRetryDelays();
    const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi, ...fields });
    const refused = async (model: ChatOpenAI, stream: boolean) => {
      gateway.current.failNext(status, { message: "no" }, after === undefined ? {} : { "retry-after": after });
      return observe(gateway.current, () =>
        stream ? collect(model.stream("hi", options)) : model.invoke("hi", options),
      );
    };
    for (const stream of [false, true]) {
      const expected = await refused(plain, stream);
      expect(expected.requests).toHaveLength(requests);
      expect(await refused(sessionless, stream)).toEqual(expected);
      expect(withoutSession(await refused(inSession, stream))).toEqual(withoutSession(expected));
    }
  });

  it.each([
    { name: "breaks off", end: { data: "{" } },
    { name: "ends in an error", end: { event: "error", data: { error: { message: "too slow", code: "timeout" } } } },
  ])("a stream that $name has ChatOpenAI's chunks and error", async ({ end }) => {
    const first = useResponsesApi ? { event: delta.type, data: delta } : { data: chunk };
    gateway.current.respond((_, response) => {
      sendEvents(response, [first, end]);
      return true;
    });
    const { plain, sessionless, inSession } = threeModels(gateway.current, {
      useResponsesApi,
      configuration: { logLevel: "off" },
    });
    const halved = async (model: ChatOpenAI) => {
      const yielded: unknown[] = [];
      const { outcome } = await observe(gateway.current, async () => {
        for await (const each of await model.stream("hi")) yielded.push(each.content);
      });
      return { yielded, outcome };
    };
    const expected = await halved(plain);
    expect(expected.yielded).not.toEqual([]);
    expect(expected.outcome).toMatchObject({ thrown: expect.anything() });
    expect(await halved(sessionless)).toEqual(expected);
    expect(await halved(inSession)).toEqual(expected);
  });

  it("a stream that is left early closes its connection, as in ChatOpenAI", async () => {
    const ends: Promise<void>[] = [];
    gateway.current.respond((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(useResponsesApi ? delta : chunk)}\n\n`);
      ends.push(new Promise((resolve) => response.on("close", resolve)));
      return true;
    });
    const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi });
    for (const model of [plain, sessionless, inSession]) for await (const _ of await model.stream("hi")) break;
    expect(ends).toHaveLength(3);
    await Promise.all(ends); // The timeout of the test is the limit.
  });

  it("onFailedAttempt receives what ChatOpenAI passes to it", async () => {
    skipRetryDelays();
    const attempts = async (which: "plain" | "sessionless" | "inSession") => {
      const onFailedAttempt = vi.fn((_: unknown) => {});
      gateway.current.failNext(500, { message: "no" });
      await threeModels(gateway.current, { useResponsesApi, maxRetries: 1, onFailedAttempt })[which].invoke("hi");
      return onFailedAttempt.mock.calls.map(([error]) => String(error));
    };
    const expected = await attempts("plain");
    expect(expected).toHaveLength(1);
    expect(await attempts("sessionless")).toEqual(expected);
    expect(await attempts("inSession")).toEqual(expected);
  });
});
