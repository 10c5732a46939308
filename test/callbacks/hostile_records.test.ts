import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import type { SessionCall, SessionCallbackHandler } from "../../src/index.js";
import { newHandler } from "../support/call_records.js";
import { sendEvents, sendJson } from "../support/gateway/server.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const HOSTILE: readonly [string, unknown][] = [
  ["a string", '<meta http-equiv="refresh" content="0">'],
  ["a decimal string", "12"],
  ["an object", { toLocaleString: 1 }],
  ["Infinity", "1e400"],
  ["-1", -1],
  ["null", null],
];

const chatAnswer = (usage: unknown) => ({
  id: "1",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  usage,
});

function expectNumbers(handler: SessionCallbackHandler): void {
  const [call] = handler.calls as [SessionCall];
  for (const value of [call.inputTokens, call.outputTokens, call.cachedInputTokens, call.costUsd, call.firstTokenMs]) {
    if (value !== undefined) {
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeGreaterThanOrEqual(0);
    }
  }
  for (const value of Object.values(handler.summary()).slice(1)) {
    if (value !== undefined) expect(Number.isFinite(value)).toBe(true);
  }
}

describe("numbers of a proxy", () => {
  it.each(HOSTILE)("a count that is %s is undefined in the record", async (_, value) => {
    const counts = { prompt_tokens: value, completion_tokens: value, total_tokens: value };
    const answer = chatAnswer({ ...counts, prompt_tokens_details: { cached_tokens: value } });
    gateway.current.respond((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer).replaceAll('"1e400"', "1e400"));
      return true;
    });
    const handler = newHandler();
    await modelFor(gateway.current).invoke("hi", { callbacks: [handler] });
    expect(handler.calls).toMatchObject([{ inputTokens: undefined, outputTokens: undefined }]);
    expect(handler.calls[0]?.cachedInputTokens).toBeUndefined();
    expectNumbers(handler);
  });

  it("counts of 1e308 sum up to a finite number", async () => {
    gateway.current.respond((_request, response) => {
      sendJson(response, 200, chatAnswer({ prompt_tokens: 1e308, completion_tokens: 1e308, total_tokens: 1e308 }));
      return true;
    });
    const handler = newHandler();
    await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
    expect(handler.summary()).toMatchObject({ inputTokens: Number.MAX_VALUE, outputTokens: Number.MAX_VALUE });
  });

  it.each(["-1", "Infinity", "NaN", "0x10 dollars"])("a cost header of %s is no cost", async (cost) => {
    gateway.current.responseHeaders = () => ({ "x-litellm-response-cost": cost });
    const handler = newHandler();
    await modelFor(gateway.current).invoke("hi", { callbacks: [handler] });
    expect(handler.calls[0]?.costUsd).toBeUndefined();
    expect(handler.summary().costUsd).toBeUndefined();
  });

  it("costs sum up to what a double can carry", async () => {
    gateway.current.responseHeaders = () => ({ "x-litellm-response-cost": "0.1" });
    const handler = newHandler();
    await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
    expect(handler.summary().costUsd).toBe(0.3);
  });

  it("a call id of 5,000 characters is cut or left out", async () => {
    gateway.current.responseHeaders = () => ({ "x-litellm-call-id": "x".repeat(5_000) });
    const handler = newHandler();
    await modelFor(gateway.current).invoke("hi", { callbacks: [handler] });
    expect((handler.calls[0]?.callId ?? "").length).toBeLessThanOrEqual(1_024);
  });
});

it.each(["ours", "plain"])(
  "a /responses stream's own key litellm is no cost and no call id: %s model",
  async (kind) => {
    const litellm = { costUsd: 99, callId: "stolen" };
    const response = { id: "resp_1", model: "gpt-4o", status: "completed", output: [], litellm };
    gateway.current.respond((_request, answer) => {
      sendEvents(answer, [
        { event: "response.created", data: { type: "response.created", response } },
        { event: "response.completed", data: { type: "response.completed", response } },
      ]);
      return true;
    });
    const fields = { ...connection(gateway.current), useResponsesApi: true };
    const model = kind === "ours" ? modelFor(gateway.current, fields) : new ChatOpenAI(fields);
    const handler = newHandler();
    const chunks = await collect(await model.stream("hi", { callbacks: [handler] }));
    expect(handler.calls).toMatchObject([{ status: "ok" }]);
    expect(handler.calls[0]?.costUsd).toBeUndefined();
    expect(handler.calls[0]?.callId).toBeUndefined();
    if (kind === "ours") expect(JSON.stringify(chunks)).not.toContain("stolen");
  },
);

it("an error of 5 MB is cut to 2,000 characters, with its class names once", async () => {
  const handler = newHandler();
  const prefix = "litellm.BadRequestError: BadRequestError: ";
  gateway.current.failNext(400, { message: `${prefix}the cause ${"x".repeat(5e6)}` });
  await expect(modelFor(gateway.current).invoke("hi", { callbacks: [handler] })).rejects.toThrow("the cause");
  const { error = "" } = handler.calls[0] as SessionCall;
  expect(error).toHaveLength(2_000);
  expect(error).toContain("the cause");
  expect(error.match(/BadRequestError: /g)).toHaveLength(1);
});

it("24 failed calls with errors of 5 MB keep no more than their short texts in memory", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const handler = newHandler();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 24; n += 1) {
    const run = `run-${n}`;
    handler.handleChatModelStart({ lc: 1, type: "not_implemented", id: [] }, [[]], run);
    // Eight of them are long for their repeated class names alone.
    const text = n < 8 ? `${"BadRequestError: ".repeat(300_000)}the cause of a failure ${n}` : "x".repeat(5e6) + n;
    handler.handleLLMError(new Error(Buffer.from(text).toString()), run);
  }
  collectGarbage();
  expect(handler.calls.every(({ error = "" }) => error.length <= 2_000)).toBe(true);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30e6); // V8 keeps the last text that a regular expression read.
});
