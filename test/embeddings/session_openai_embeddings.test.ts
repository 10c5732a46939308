import { RunnableLambda } from "@langchain/core/runnables";
import { OpenAIEmbeddings } from "@langchain/openai";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  SessionIdError,
  SessionOpenAIEmbeddings,
  type SessionOpenAIEmbeddingsFields,
  withSession,
} from "../../src/index.js";
import { sendJson } from "../support/gateway/server.js";
import { connection, countClients, sessions, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.restoreAllMocks();
});

const embeddingsOf = (fields: SessionOpenAIEmbeddingsFields = {}) =>
  new SessionOpenAIEmbeddings({ ...connection(gateway.current), model: "text-embedding-3-small", ...fields });

const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);

/** Embeds inside a run with this config. */
const embedIn = (embeddings: OpenAIEmbeddings, config: object) =>
  RunnableLambda.from((text: string) => embeddings.embedQuery(text)).invoke("hi", config);

describe("which session a request is in", () => {
  /** In reverse order of precedence: each source is tested together with all before it in the list. */
  const SOURCES = [
    { name: "an id made for the object", session: UUID },
    { name: "the environment", session: "environment", environment: "environment" },
    { name: "metadata", session: "metadata", config: { metadata: { conversation_id: "metadata" } } },
    { name: "thread_id", session: "thread", config: { configurable: { thread_id: "thread" } } },
    { name: "the constructor", session: "constructor", fields: { sessionId: "constructor" } },
    {
      name: "a handler",
      session: "handler",
      config: { callbacks: [new SessionCallbackHandler({ sessionId: "handler" })] },
    },
    { name: "configurable", session: "configurable", config: { configurable: { sessionId: "configurable" } } },
    { name: "withSession", session: "bound", bound: "bound" },
  ];
  it.each(SOURCES.map((source, index) => ({ ...source, upTo: SOURCES.slice(0, index + 1) })))(
    "$name",
    async (source) => {
      const merged = { configurable: {}, fields: {}, config: {} };
      let bound: string | undefined;
      for (const { environment, config = {}, fields, bound: its } of source.upTo) {
        if (environment) vi.stubEnv("LITELLM_SESSION_ID", environment);
        Object.assign(merged.configurable, "configurable" in config ? config.configurable : {});
        merged.config = { ...merged.config, ...config, configurable: merged.configurable };
        Object.assign(merged.fields, fields);
        bound = its;
      }
      const embeddings = embeddingsOf(merged.fields);
      await embedIn(bound === undefined ? embeddings : embeddings.withSession(bound), merged.config);
      expect(sessions(gateway.current)).toEqual([source.session]);
    },
  );

  it("embeddings with sessionId: false use the session of the run, and none outside of one", async () => {
    const embeddings = embeddingsOf({ sessionId: false });
    await embeddings.embedQuery("hi");
    await embedIn(embeddings, { configurable: { thread_id: 7 } });
    await withSession(
      RunnableLambda.from(() => embeddings.embedDocuments(["hi"])),
      { sessionId: "wrapper" },
    ).invoke("");
    await embeddings.withSession("bound").embedQuery("hi");
    expect(sessions(gateway.current)).toEqual([undefined, "7", "wrapper", "bound"]);
    expect(embeddings.sessionId).toBe(false);
  });

  it("sessionId of embeddings returns their default session", () => {
    expect(embeddingsOf().sessionId).toEqual(UUID);
    expect(embeddingsOf({ sessionId: "" }).sessionId).toEqual(UUID);
    expect(embeddingsOf({ sessionId: "own" }).sessionId).toBe("own");
    expect(embeddingsOf({ sessionId: "own" }).withSession("bound").sessionId).toBe("bound");
    expect(embeddingsOf({ sessionId: "own" }).withSession().sessionId).toEqual(UUID);
    expect(embeddingsOf({ sessionId: "own" }).withSession("").sessionId).toEqual(UUID);
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    expect(embeddingsOf().sessionId).toBe("environment");
  });

  it("embeddings resolve their session when the call is made, not when the queue starts it", async () => {
    let release = () => {};
    const held = new Promise<boolean>((resolve) => {
      release = () => resolve(false);
    });
    gateway.current.respond(() => held);
    const embeddings = embeddingsOf({ maxConcurrency: 1 });
    const ids = ["a", "b", "c"];
    const runs = ids.map((id) => embedIn(embeddings, { configurable: { sessionId: id } }));
    await vi.waitFor(() => expect(gateway.current.requests).toHaveLength(1), 15_000);
    release();
    await Promise.all(runs);
    expect(sessions(gateway.current)).toEqual(ids);
  });

  it("all batches and attempts of one call carry the same session", async () => {
    skipRetryDelays();
    gateway.current.failNext(500, { message: "broken" });
    const embeddings = embeddingsOf({ batchSize: 1, maxRetries: 1, sessionId: "own" });
    await embedIn(embeddings.withSession("bound"), {});
    await embeddings.withSession("bound").embedDocuments(["a", "b", "c"]);
    expect(gateway.current.requests.map(({ body }) => body.input)).toEqual(["hi", "hi", ["a"], ["b"], ["c"]]);
    expect(sessions(gateway.current)).toEqual(Array(5).fill("bound"));
  });

  it("50 concurrent calls each carry their own session", async () => {
    const embeddings = embeddingsOf({ sessionId: false, maxConcurrency: 7 });
    const ids = Array.from({ length: 50 }, (_, n) => `session-${n}`);
    await Promise.all(
      ids.map((id, n) =>
        n % 2
          ? embeddings.withSession(id).embedQuery(id)
          : RunnableLambda.from(() => embeddings.embedQuery(id)).invoke("", { configurable: { sessionId: id } }),
      ),
    );
    for (const { body } of gateway.current.requests) expect(body.litellm_session_id).toBe(body.input);
    expect(gateway.current.requests).toHaveLength(50);
  });
});

describe("copies", () => {
  it("copies of embeddings share one client", async () => {
    const clients = countClients(gateway.current);
    const embeddings = embeddingsOf({ ...clients.fields, sessionId: false });
    const copies = [embeddings.withSession("a"), embeddings.withSession("b").withSession("c"), embeddings];
    for (const copy of copies) await copy.embedQuery("hi");
    await Promise.all(copies.map((copy) => copy.embedDocuments(["hi"])));
    expect(sessions(gateway.current)).toEqual(["a", "c", undefined, "a", "c", undefined]);
    expect(clients.built).toBe(1);
  });

  it("copies of embeddings share the queue of maxConcurrency", async () => {
    let [now, most] = [0, 0];
    gateway.current.respond(async (_, response) => {
      most = Math.max(most, ++now);
      response.once("finish", () => now--);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return false;
    });
    const embeddings = embeddingsOf({ maxConcurrency: 2 });
    await Promise.all(Array.from({ length: 8 }, (_, n) => embeddings.withSession(`session-${n}`).embedQuery("hi")));
    expect(most).toBe(2);
  });

  it("copies of embeddings have the same class and do not change the original", async () => {
    class Mine extends SessionOpenAIEmbeddings {
      hello = () => `${this.sessionId}`;
    }
    const mine = new Mine({ ...connection(gateway.current), sessionId: "own" });
    const copy = mine.withSession("bound");
    expect(copy).toBeInstanceOf(Mine);
    expect([mine.sessionId, copy.sessionId]).toEqual(["own", "bound"]);
    await mine.embedQuery("hi");
    expect(sessions(gateway.current)).toEqual(["own"]);
  });
});

describe("ids that can't be sent throw before a request is made", () => {
  const HOSTILE = ["line\nbreak", "\u0000", "\ud800", "x".repeat(1_025)];
  it.each(HOSTILE)("embeddings throw for the id %j before a request is sent", async (id) => {
    expect(() => embeddingsOf({ sessionId: id })).toThrow(SessionIdError);
    expect(() => embeddingsOf().withSession(id)).toThrow(SessionIdError);
    await expect(embedIn(embeddingsOf(), { configurable: { sessionId: id } })).rejects.toThrow(SessionIdError);
    vi.stubEnv("LITELLM_SESSION_ID", "line\nbreak");
    expect(() => embeddingsOf()).toThrow(SessionIdError);
    expect(gateway.current.requests).toEqual([]);
  });

  it("embeddings throw for an id that the transport can't hold, and send one that only the header can't hold in the body", async () => {
    const id = "Gespräch 会話";
    const embeddings = embeddingsOf({ sessionTransport: "headers" }).withSession(id);
    await expect(embeddings.embedQuery("hi")).rejects.toThrow(SessionIdError);
    expect(gateway.current.requests).toEqual([]);
    await embeddingsOf().withSession(id).embedQuery("hi");
    expect(sessions(gateway.current)).toEqual([[id, id, undefined]]);
  });

  it("embeddings throw for an invalid sessionTransport in the constructor", () => {
    expect(() => Reflect.construct(SessionOpenAIEmbeddings, [{ sessionTransport: "smoke" }])).toThrow(TypeError);
  });
});

it("embeddings throw OpenAIEmbeddings' error", async () => {
  gateway.current.respond((_, response) => {
    sendJson(response, 401, { error: { message: "no key", code: "401" } });
    return true;
  });
  const plain = new OpenAIEmbeddings(connection(gateway.current));
  const [expected, error] = await Promise.all(
    [plain, embeddingsOf({ sessionId: "own" })].map((each) => each.embedQuery("hi").catch((thrown: Error) => thrown)),
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).constructor).toBe((expected as Error).constructor);
  expect((error as Error).message).toBe((expected as Error).message);
});

it("JSON.stringify of embeddings and their copies gives what it gives for OpenAIEmbeddings, and the session", () => {
  const fields = { ...connection(gateway.current), model: "text-embedding-3-small" };
  const expected = JSON.parse(JSON.stringify(new OpenAIEmbeddings(fields)));
  for (const embeddings of [embeddingsOf({ sessionId: "s" }), embeddingsOf().withSession("s")]) {
    expect(JSON.parse(JSON.stringify(embeddings))).toMatchObject(expected);
    expect(JSON.stringify(embeddings)).toContain('"s"');
  }
});

it("embeddings that were serialised still share one client with their copies", async () => {
  const counted = countClients(gateway.current);
  const embeddings = embeddingsOf(counted.fields);
  JSON.stringify(embeddings);
  await embeddings.withSession("a").embedQuery("hi");
  await embeddings.withSession("b").embedQuery("hi");
  expect(sessions(gateway.current)).toEqual(["a", "b"]);
  expect(counted.built).toBe(1);
});
