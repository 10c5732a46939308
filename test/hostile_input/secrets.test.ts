import { inspect } from "node:util";
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  SessionChatOpenAI,
  type SessionChatOpenAIFields,
  SessionOpenAIEmbeddings,
  sessionFetch,
} from "../../src/index.js";
import { connection, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** A part of every secret. */
const SECRET = "hush-hush";

const shows = (value: unknown) =>
  inspect(value, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null }).includes(SECRET) ||
  String(value).includes(SECRET);

/** Records everything that LangChain passes to a tracer. */
class Tracer extends BaseCallbackHandler {
  name = "tracer";
  readonly told: unknown[] = [];
  override handleChatModelStart(...told: unknown[]): void {
    this.told.push(told);
  }
  override handleLLMEnd(...told: unknown[]): void {
    this.told.push(told);
  }
  override handleLLMError(...told: unknown[]): void {
    this.told.push(told);
  }
}

/** The places that show the secret after a call: the error, the console, a trace, the handler's records. */
async function leaksOf(model: ChatOpenAI, entryPoint: string): Promise<string[]> {
  const tracer = new Tracer();
  const handler = new SessionCallbackHandler();
  const logged: unknown[] = [];
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...said) => logged.push(said));
  }
  let thrown: unknown;
  try {
    const options = { callbacks: [tracer, handler] };
    if (entryPoint === "invoke") await model.invoke("x", options);
    else for await (const _ of await model.stream("x", options));
  } catch (error) {
    thrown = error;
  }
  vi.restoreAllMocks();
  const { message, stack, cause } = (thrown ?? {}) as Error;
  const error = [thrown, message, stack, cause, JSON.stringify(thrown ?? null)];
  const places = { error, console: logged, trace: tracer.told, records: [handler.calls, handler.summary()] };
  return Object.entries(places).flatMap(([place, value]) => (shows(value) ? [place] : []));
}

const at = (baseURL: string) => ({ apiKey: "sk-other", configuration: { baseURL } });
const withHeaders = (defaultHeaders: Record<string, string>) => ({
  apiKey: "sk-other",
  configuration: { baseURL: gateway.current.url, defaultHeaders },
});

describe.each(["invoke", "stream"])("%s", (entryPoint) => {
  describe.each([false, true])("useResponsesApi %s", (useResponsesApi) => {
    const of = (Model: typeof ChatOpenAI, fields: SessionChatOpenAIFields) =>
      leaksOf(new Model({ ...connection(gateway.current), useResponsesApi, ...fields }), entryPoint);

    it.each<[string, SessionChatOpenAIFields]>([
      ["a key", { apiKey: `sk-${SECRET}` }],
      ["a key with a line break at its end", { apiKey: `sk-${SECRET}\n` }],
      ["a key with a carriage return at its end", { apiKey: `sk-${SECRET}\r` }],
      ["a key with a character beyond latin-1", { apiKey: `sk-${SECRET}€` }],
      ["a function's key", { apiKey: async () => `sk-${SECRET}` }],
      ["a key, without a server", { apiKey: `sk-${SECRET}`, configuration: { baseURL: "http://127.0.0.1:1/v1" } }],
    ])("%s is shown nowhere", async (_, fields) => {
      expect(await of(SessionChatOpenAI, { ...fields, sessionId: "a" })).toEqual([]);
    });

    it("a rejected key is shown nowhere", async () => {
      gateway.current.failNext(401, { message: "Authentication Error", code: "401" });
      expect(await of(SessionChatOpenAI, { apiKey: `sk-${SECRET}`, sessionId: "a" })).toEqual([]);
    });

    // undici and the SDK put values that they can't send into their errors, and LangChain serialises `configuration`.
    it.each<[string, () => SessionChatOpenAIFields]>([
      ["a function's key with a line break inside", () => ({ apiKey: async () => `sk\n${SECRET}` })],
      ["a header's key", () => withHeaders({ "x-litellm-api-key": `sk-${SECRET}` })],
      ["a header's key with a line break inside", () => withHeaders({ "x-litellm-api-key": `sk\n${SECRET}` })],
      ["a base URL with a password", () => at(gateway.current.url.replace("//", `//user:${SECRET}@`))],
      ["a malformed base URL", () => at(`http//user:${SECRET}@127.0.0.1/v1`)],
    ])("%s is only shown where ChatOpenAI shows it", async (_, fields) => {
      const allowed = await of(ChatOpenAI, fields());
      const leaks = await of(SessionChatOpenAI, { ...fields(), sessionId: "a" });
      expect(allowed).toEqual(expect.arrayContaining(leaks));
    });
  });
});

it("errors of embeddings, sessionFetch and an invalid id do not contain the key", async () => {
  const fields = { ...connection(gateway.current), model: "e", apiKey: `sk-${SECRET}` };
  gateway.current.failNext(401, { message: "Authentication Error" });
  const send = sessionFetch({ sessionId: "a" });
  const headers = { authorization: `Bearer ${SECRET}`, "content-type": "application/json" };
  const model = new SessionChatOpenAI({ ...fields, model: "gpt-4o" });
  const errors = await Promise.allSettled([
    new SessionOpenAIEmbeddings(fields).embedQuery("x"),
    send("http://127.0.0.1:1/v1", { method: "POST", headers, body: "{}" }),
    model.invoke("x", { sessionId: "\n" }),
  ]);
  expect(errors.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(shows(errors)).toBe(false);
});

describe.each<[string, (fields: SessionChatOpenAIFields) => unknown]>([
  ["SessionChatOpenAI", (fields) => new SessionChatOpenAI(fields)],
  ["SessionOpenAIEmbeddings", (fields) => new SessionOpenAIEmbeddings(fields as object)],
])("%s with a key that no header can hold", (_, make) => {
  const REFUSED = new TypeError(
    'Invalid field "apiKey" (or OPENAI_API_KEY, LITELLM_API_KEY): it has a line break or a NUL inside.',
  );

  it.each([`sk\n${SECRET}`, `sk-${SECRET}\0`, `\r\n${SECRET}\r${SECRET}\n`])(
    "the constructor throws for the key %j without showing it",
    (apiKey) => {
      const { configuration } = connection(gateway.current);
      expect(() => make({ apiKey })).toThrow(REFUSED);
      expect(() => make({ apiKey: "sk-other", configuration: { ...configuration, apiKey } })).toThrow(REFUSED);
    },
  );

  it("the constructor throws for such a key from the environment without showing it", () => {
    vi.stubEnv("OPENAI_API_KEY", `sk\n${SECRET}`);
    expect(() => make({})).toThrow(REFUSED);
    vi.unstubAllEnvs();
  });
});
