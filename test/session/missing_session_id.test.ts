import { RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { createAgent } from "langchain";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  type MissingSessionId,
  SessionCallbackHandler,
  type SessionChatOpenAI,
  type SessionChatOpenAICallOptions,
  SessionIdError,
  SessionOpenAIEmbeddings,
  withSession,
} from "../../src/index.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { ENTRY_POINTS } from "../support/scenarios.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

type Fields = { sessionId?: string | false; missingSessionId?: MissingSessionId };

const modelWith = (fields: Fields) => modelFor(gateway.current, { sessionId: undefined, ...fields });

const embeddingsWith = (fields: Fields) => new SessionOpenAIEmbeddings({ ...connection(gateway.current), ...fields });

/** What the error of a call under "reject" must name. */
const WAYS_OUT = /call option sessionId.*SessionCallbackHandler.*withSession/;

/** A call option that LangChain passes on, with a key that TypeScript refuses. */
const misspelled = (options: object) => options as Partial<SessionChatOpenAICallOptions>;

describe("a call that names no session", () => {
  it.each<[string, Fields]>([
    ['"generate"', { missingSessionId: "generate" }],
    ["unset", {}],
  ])("all such calls of one object share a new id: missingSessionId %s", async (_, fields) => {
    for (const made of [modelWith(fields), embeddingsWith(fields)]) {
      gateway.current.reset();
      const call = () => ("embedQuery" in made ? made.embedQuery("hi") : made.invoke("hi"));
      await call();
      await call();
      expect(sessions(gateway.current)).toEqual([made.sessionId, made.sessionId]);
      expect(made.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(modelWith(fields).sessionId).not.toBe(modelWith(fields).sessionId);
  });

  it('has no session with missingSessionId: "omit", and the models sessionId is false', async () => {
    const model = modelWith({ missingSessionId: "omit" });
    const embeddings = embeddingsWith({ missingSessionId: "omit" });
    await model.invoke("hi");
    await embeddings.embedQuery("hi");
    expect(sessions(gateway.current)).toEqual([undefined, undefined]);
    expect([model.sessionId, embeddings.sessionId]).toEqual([false, false]);
  });

  describe.each(ENDPOINTS)("on $endpoint", ({ useResponsesApi }) => {
    it.each(ENTRY_POINTS)('throws before anything is sent with missingSessionId: "reject": $name', async ({ call }) => {
      const model = modelFor(gateway.current, { sessionId: undefined, missingSessionId: "reject", useResponsesApi });
      const error = await call(model, "hi", {}).then(
        () => undefined,
        (reason) => reason,
      );
      expect(SessionIdError.isInstance(error)).toBe(true);
      expect(error.message).toMatch(WAYS_OUT);
      expect(gateway.current.requests).toEqual([]);
      expect(model.sessionId).toBe(false);
    });
  });

  it('embeddings throw before anything is sent with missingSessionId: "reject"', async () => {
    const embeddings = embeddingsWith({ missingSessionId: "reject" });
    await expect(embeddings.embedQuery("hi")).rejects.toThrow(SessionIdError);
    await expect(embeddings.embedDocuments(["hi"])).rejects.toThrow(WAYS_OUT);
    expect(embeddings.sessionId).toBe(false);
    expect(gateway.current.requests).toEqual([]);
    await embeddings.withSession("bound").embedQuery("hi");
    await withSession(RunnableLambda.from(() => embeddings.embedQuery("hi"))).invoke("hi", { sessionId: "wrapped" });
    expect(sessions(gateway.current)).toEqual(["bound", "wrapped"]);
  });
});

describe('missingSessionId: "reject"', () => {
  it.each<[string, unknown, (model: SessionChatOpenAI) => unknown]>([
    ["a call option", "a", (model) => model.invoke("hi", { sessionId: "a" })],
    ["sessionId: false", undefined, (model) => model.invoke("hi", { sessionId: false })],
    ["a bound session", "a", (model) => model.withSession("a").invoke("hi")],
    ["a handler", "a", (model) => model.invoke("hi", { callbacks: [new SessionCallbackHandler({ sessionId: "a" })] })],
    ["a thread", "a", (model) => model.invoke("hi", { configurable: { thread_id: "a" } })],
    ["metadata", "a", (model) => model.invoke("hi", { metadata: { session_id: "a" } })],
    ["a wrapper", "a", (model) => withSession(model, { sessionId: "a" }).invoke("hi")],
    [
      "a wrapper around a lambda that streams",
      "a",
      (model) =>
        withSession(
          RunnableLambda.from(() => model.stream("hi")),
          { sessionId: "a" },
        ).invoke("hi"),
    ],
  ])("a call passes with %s", async (_, expected, call) => {
    await call(modelWith({ missingSessionId: "reject" }));
    expect(sessions(gateway.current)).toEqual([expected]);
  });

  it("a call passes in the session of LITELLM_SESSION_ID", async () => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    for (const missingSessionId of ["generate", "omit", "reject"] as const) {
      await modelWith({ missingSessionId }).invoke("hi");
    }
    await modelWith({ sessionId: false, missingSessionId: "omit" }).invoke("hi");
    expect(sessions(gateway.current)).toEqual(["environment", "environment", "environment", undefined]);
  });

  it.each<[string, (model: SessionChatOpenAI) => Promise<unknown>]>([
    ["the call option sessionid", (model) => model.invoke("hi", misspelled({ sessionid: "a" }))],
    ["the call option session_id", (model) => model.invoke("hi", misspelled({ session_id: "a" }))],
    [
      "the key sessionId of an agent's config",
      (model) => createAgent({ model, tools: [] }).invoke({ messages: ["hi"] }, misspelled({ sessionId: "a" })),
    ],
  ])(
    "a call that names its session by %s, which LangChain ignores, throws before anything is sent",
    async (_, call) => {
      const error = await call(modelWith({ missingSessionId: "reject" })).then(
        () => undefined,
        (reason) => reason,
      );
      expect(SessionIdError.isInstance(error)).toBe(true);
      expect(gateway.current.requests).toEqual([]);
    },
  );

  it("a model in a tool of an agent throws the error where the agent names no session, and passes where it does", async () => {
    const model = modelWith({ missingSessionId: "reject" });
    const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });
    await expect(ask.invoke({})).rejects.toThrow(WAYS_OUT);
    expect(gateway.current.requests).toEqual([]);
    const agent = createAgent({ model, tools: [ask] });
    await agent.invoke({ messages: ["hi"] }, { configurable: { sessionId: "a" } });
    expect(sessions(gateway.current)).toEqual(["a", "a", "a"]);
  });
});

it.each<[string, object, string]>([
  ["an unknown word", { missingSessionId: "create" }, '"generate", "omit" or "reject"'],
  ["a boolean", { missingSessionId: true }, '"generate", "omit" or "reject"'],
  ["null", { missingSessionId: null }, '"generate", "omit" or "reject"'],
  ['"generate" beside sessionId: false', { sessionId: false, missingSessionId: "generate" }, "Set one of the two"],
  ['"reject" beside sessionId: false', { sessionId: false, missingSessionId: "reject" }, "Set one of the two"],
])(
  "the constructors of a model and of embeddings throw a TypeError for a missingSessionId that is %s",
  (_, fields, message) => {
    for (const make of [() => modelWith(fields as Fields), () => embeddingsWith(fields as Fields)]) {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(message);
    }
  },
);
