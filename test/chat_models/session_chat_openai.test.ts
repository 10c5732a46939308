import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { ChatOpenAI, ChatOpenAICompletions, type ChatOpenAIFields } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import {
  SessionChatOpenAI,
  type SessionChatOpenAICallOptions,
  type SessionChatOpenAIFields,
  withSession,
} from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { connection, countClients, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

describe("a model", () => {
  it("the constructor takes fields, a name and fields, or only a name", async () => {
    const { model: _, ...fields } = connection(gateway.current);
    await new SessionChatOpenAI({ ...fields, model: "gpt-4o", sessionId: "a" }).invoke("hi");
    await new SessionChatOpenAI("gpt-4o-mini", { ...fields, sessionId: "b" }).invoke("hi");
    const made = new SessionChatOpenAI("gpt-4o", { ...fields });
    await made.invoke("hi");
    expect(sessions(gateway.current)).toEqual(["a", "b", made.sessionId]);
    expect(gateway.current.requests.map(({ body }) => body.model)).toEqual(["gpt-4o", "gpt-4o-mini", "gpt-4o"]);
  });

  it("the constructor does not change its fields argument", () => {
    const fields = Object.freeze({
      ...connection(gateway.current),
      configuration: Object.freeze({ baseURL: gateway.current.url }),
    });
    expect(new SessionChatOpenAI(fields).withSession("a").sessionId).toBe("a");
  });

  it("a model and its copies share one client per endpoint", async () => {
    const clients = countClients(gateway.current);
    const model = modelFor(gateway.current, clients.fields);
    const copies = Array.from({ length: 20 }, (_, i) =>
      model
        .withSession(`${i}`)
        .bindTools([])
        .withConfig({ tags: ["x"] }),
    );
    await Promise.all(copies.map((copy) => copy.invoke("hi")));
    expect(clients.built).toBe(1);
    await Promise.all(copies.map((copy) => copy.invoke("hi", { truncation: "auto" })));
    expect(clients.built).toBe(2);
    expect(new Set(sessions(gateway.current)).size).toBe(20);
  });
});

describe("what is bound to a copy", () => {
  it("a config bound to a copy does not change the model or other copies", async () => {
    const model = modelFor(gateway.current, { sessionId: "own" });
    const [a, b] = [model.withSession("a"), model.withSession("b")];
    for (const each of [a, model, b, a.withConfig({ tags: ["x"] })]) await each.invoke("hi");
    expect(sessions(gateway.current)).toEqual(["a", "own", "b", "a"]);
    expect([model.sessionId, a.sessionId, modelFor(gateway.current).sessionId]).toEqual(["own", "a", false]);
  });

  it("a bound call option stays in force if the call's is undefined", async () => {
    const model = modelFor(gateway.current).withSession("bound");
    for (const sessionId of ["", undefined, null as unknown as undefined]) await model.invoke("hi", { sessionId });
    expect(sessions(gateway.current)).toEqual(["bound", "bound", "bound"]);
  });

  it("bound configurable and metadata merge by key with the call's and with earlier bound ones", async () => {
    const bound = modelFor(gateway.current)
      .withConfig({ configurable: { sessionId: "bound" }, metadata: { a: 1 } })
      .withConfig({ configurable: { other: 1 }, metadata: { b: 2 } });
    await bound.invoke("hi", { configurable: { own: 1 }, metadata: { c: 3 } });
    await bound.generate([[["user", "hi"]]], { configurable: { own: 1 } });
    await collect(bound.streamEvents("hi", { configurable: { own: 1 } }));
    await bound.invoke("hi", { configurable: { sessionId: "call" } });
    expect(sessions(gateway.current)).toEqual(["bound", "bound", "bound", "call"]);
  });

  it("withSession without an id generates one for the copy", async () => {
    const model = modelFor(gateway.current);
    const copies = [model.withSession(), model.withSession(""), model.withSession()];
    for (const copy of copies) await copy.invoke("hi");
    expect(sessions(gateway.current)).toEqual(copies.map(({ sessionId }) => sessionId));
    expect(new Set(sessions(gateway.current)).size).toBe(3);
  });
});

describe("a subclass", () => {
  class Mine extends SessionChatOpenAI {
    mine = "kept";

    greet() {
      return `${this.mine} in ${this.sessionId}`;
    }
  }

  it("copies of a subclass are instances of the subclass", async () => {
    const model = new Mine({ ...connection(gateway.current), sessionId: "a" });
    const copies = [model.withConfig({}), model.bindTools([]), model.withSession("b")];
    for (const copy of copies) expect(copy).toBeInstanceOf(Mine);
    expect(copies.map((copy) => copy.greet())).toEqual(["kept in a", "kept in a", "kept in b"]);
  });

  it("a subclass that overrides ChatOpenAI's methods still sends its session", async () => {
    class Shouting extends SessionChatOpenAI {
      override invocationParams(...args: Parameters<SessionChatOpenAI["invocationParams"]>) {
        return { ...super.invocationParams(...args), user: "shouting" } as ReturnType<
          SessionChatOpenAI["invocationParams"]
        >;
      }
    }
    await new Shouting({ ...connection(gateway.current), sessionId: "a" }).withConfig({ tags: ["x"] }).invoke("hi");
    expect(sessions(gateway.current)).toEqual(["a"]);
  });
});

describe("an inner model of the user's own", () => {
  /** An inner model as ChatOpenAI takes it, with #private state. */
  class Counting extends ChatOpenAICompletions {
    #requests = 0;

    override invocationParams(options?: this["ParsedCallOptions"], extra?: { streaming?: boolean }) {
      this.#requests += 1;
      return super.invocationParams(options, extra);
    }

    get requests(): number {
      return this.#requests;
    }
  }

  it("an inner model of the user sends the session, and does not change for other models", async () => {
    const fields: ChatOpenAIFields = connection(gateway.current);
    const completions = new ChatOpenAICompletions(fields);
    const model = modelFor(gateway.current, { completions, sessionId: "a" });
    await model.invoke("hi");
    await completions.invoke("hi");
    await collect(
      await modelFor(gateway.current, { completions, sessionId: "b", sessionTransport: "none" }).stream("hi"),
    );
    await model.invoke("hi");
    expect(sessions(gateway.current)).toEqual(["a", undefined, undefined, "a"]);
  });

  it("an inner model of the user may have #private fields", async () => {
    const completions = new Counting(connection(gateway.current));
    const model = modelFor(gateway.current, { completions, sessionId: "a" });
    await model.invoke("hi");
    await collect(await model.stream("hi"));
    expect(sessions(gateway.current)).toEqual(["a", "a"]);
    expect(completions.requests).toBeGreaterThan(0);
  });
});

it("options that a subclass forwards to another model do not carry the session to it", async () => {
  const other = modelFor(gateway.current);
  class Asking extends SessionChatOpenAI {
    override async _generate(...args: Parameters<SessionChatOpenAI["_generate"]>) {
      await other.invoke("first", args[1]);
      return super._generate(...args);
    }
  }
  await new Asking({ ...connection(gateway.current), sessionId: "a" }).invoke("hi");
  expect(sessions(gateway.current)).toEqual([undefined, "a"]);
});

describe("a model that another one asks by its own methods", () => {
  /** Calls the model's methods as LangChain's configurable models do. */
  class Guard extends BaseChatModel {
    constructor(readonly inner: SessionChatOpenAI) {
      super({});
    }
    _llmType() {
      return "guard";
    }
    _generate(...args: Parameters<SessionChatOpenAI["_generate"]>) {
      return this.inner._generate(args[0], {} as never, args[2]);
    }
    override _streamResponseChunks(...args: Parameters<SessionChatOpenAI["_streamResponseChunks"]>) {
      return this.inner._streamResponseChunks(args[0], {} as never, args[2]);
    }
  }

  it.each<[string, SessionChatOpenAIFields, SessionChatOpenAICallOptions, string | undefined]>([
    ["the constructor", { sessionId: "own" }, {}, "own"],
    ["what is bound", { sessionId: "own" }, { sessionId: "bound" }, "bound"],
    ["nothing", { sessionId: false }, {}, undefined],
  ])("a model whose _generate another model calls uses the session of %s", async (_, fields, bound, expected) => {
    const guard = new Guard(modelFor(gateway.current, fields).withConfig({ ...bound, extraBody: { tags: ["a"] } }));
    await guard.invoke("hi");
    for await (const _chunk of await guard.stream("hi"));
    expect(sessions(gateway.current)).toEqual([expected, expected]);
    expect(gateway.current.requests.map(({ body }) => body.tags)).toEqual([["a"], ["a"]]);
  });

  it("a model whose _generate another model calls uses the active session", async () => {
    const guard = withSession(new Guard(modelFor(gateway.current, { sessionId: "own" })));
    await guard.invoke("hi", { configurable: { sessionId: "around" } });
    for await (const _ of await guard.stream("hi", { configurable: { sessionId: "around" } }));
    expect(sessions(gateway.current)).toEqual(["around", "around"]);
  });

  it("getLsParams without options returns ChatOpenAI's parameters", () => {
    const fields = connection(gateway.current);
    expect(new SessionChatOpenAI(fields).getLsParams(undefined as never)).toEqual(
      new ChatOpenAI(fields).getLsParams({ stop: undefined } as never),
    );
  });
});
