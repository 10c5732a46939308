import { setTimeout as sleep } from "node:timers/promises";
import type { BaseMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import type { SessionChatOpenAIFields } from "../src/index.js";
import { asked, ENTRIES, inShort, responseId } from "./support/responses.js";
import { modelOf, useGateway } from "./support/session.js";

const gateway = useGateway();

let warn: MockInstance<typeof console.warn>;

beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => {
  warn.mockRestore();
});

const SECRET = "redis://user:pa55word@redis.internal:6379";

const remembering = (store: InMemoryStore<string>, fields?: SessionChatOpenAIFields) =>
  modelOf(gateway.current, { apiKey: "sk-secret", responseStore: store, ...fields });

const warnings = () => warn.mock.calls.map((args) => args.join(" "));

/** What a store may do when it is asked. */
const READS: Record<string, () => unknown> = {
  rejects: () => Promise.reject(new Error(`can't reach ${SECRET}`)),
  "throws at once": () => {
    throw new RangeError(SECRET);
  },
  "rejects with a string": () => Promise.reject(SECRET),
  "answers nothing": () => Promise.resolve(undefined),
};

class FaultyStore extends InMemoryStore<string> {
  read: (() => unknown) | undefined;
  write: (() => unknown) | undefined;

  override async mget(keys: string[]): Promise<string[]> {
    return this.read ? ((await this.read()) as string[]) : super.mget(keys);
  }

  override async mset(pairs: [string, string][]): Promise<void> {
    return this.write ? ((await this.write()) as undefined) : super.mset(pairs);
  }
}

describe.each(ENTRIES)("$name", ({ fields, ask }) => {
  it.each(Object.entries(READS))("a store that %s: the call starts afresh and says so", async (_, read) => {
    const store = new FaultyStore();
    const conversation = remembering(store, fields).withSession("s-1234");
    await ask(conversation, "one");
    store.read = read;
    const afresh = await ask(conversation, "two");
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^\[langchain-litellm-session\] responseStore could not be read, so this call starts afresh \((Error|RangeError|TypeError|string)\)\.$/,
      ),
    ]);
    store.read = undefined;
    await ask(conversation, "three");
    expect(asked(gateway.current)).toEqual([
      { after: undefined, input: ["user: one"] },
      { after: undefined, input: ["user: two"] },
      { after: responseId(afresh), input: ["user: three"] },
    ]);
    expect(warn).toHaveBeenCalledOnce();
  });

  it("a store that can't be written: the answer is given, and a warning that it will not be continued", async () => {
    const store = new FaultyStore();
    const conversation = remembering(store, fields).withSession("s-1234");
    const kept = await ask(conversation, "one");
    store.write = () => Promise.reject(new Error(`READONLY ${SECRET}`));
    const lost = await ask(conversation, "two");
    expect(lost.text).toBe("reply to 3 messages");
    expect(warnings()).toEqual([
      "[langchain-litellm-session] responseStore could not be written, so the next call will not continue this answer (Error).",
    ]);
    store.write = undefined;
    await ask(conversation, "three");
    expect(asked(gateway.current)[2]).toEqual({ after: responseId(kept), input: ["user: three"] });
  });
});

it.each<[string, string]>([
  ["text", "hello"],
  ["nothing", ""],
  ["null", "null"],
  ["a number", "1"],
  ["a list", "[]"],
  ["half an entry", '{"id":"resp_1"}'],
  ["an entry cut off", '{"id":"resp_1","model":"gpt-4o","pendingCalls":['],
  ["an id of something else", '{"id":"chatcmpl-1","model":"gpt-4o","pendingCalls":[]}'],
  ["an id that is no string", '{"id":["resp_1"],"model":"gpt-4o","pendingCalls":[]}'],
  ["another model's", '{"id":"resp_1","model":"gpt-3","pendingCalls":[]}'],
  ["calls that are no list", '{"id":"resp_1","model":"gpt-4o","pendingCalls":{}}'],
  ["calls that are no ids", '{"id":"resp_1","model":"gpt-4o","pendingCalls":[1]}'],
])("junk in the store (%s) counts as absent, with a warning, and is written over", async (_, junk) => {
  const store = new InMemoryStore<string>();
  const conversation = remembering(store).withSession("s-1234");
  await conversation.invoke("one");
  for await (const key of store.yieldKeys()) await store.mset([[key, junk]]);
  const afresh = await conversation.invoke("two");
  await conversation.invoke("three");
  expect(asked(gateway.current).slice(1)).toEqual([
    { after: undefined, input: ["user: two"] },
    { after: responseId(afresh), input: ["user: three"] },
  ]);
  expect(warnings()).toEqual([
    "[langchain-litellm-session] responseStore holds something else than an answer of this model, so this call starts afresh.",
  ]);
});

it("no warning has a key or what a store says in it", async () => {
  const store = new FaultyStore();
  const conversation = remembering(store).withSession("s-1234");
  for (const read of Object.values(READS)) {
    store.read = read;
    store.write = read;
    await conversation.invoke("one");
  }
  store.read = async () => [SECRET];
  await conversation.invoke("one");
  store.read = async () => ['{"id":"resp_of_nobody","model":"gpt-4o","pendingCalls":[]}'];
  await conversation.invoke("one");
  expect(warn.mock.calls.length).toBeGreaterThan(8);
  expect(warnings().join("\n")).not.toMatch(/sk-|secret|pa55word|redis|s-1234|[0-9a-f]{32}/i);
});

describe("calls of one session at the same time", () => {
  /** Lets each question's answer out when the test says so. */
  function holdBack() {
    const release: Record<string, () => void> = {};
    gateway.current.respond(async ({ body }) => {
      const text = inShort(body.input as never).at(-1) as string;
      if (text.startsWith("user: held"))
        await new Promise<void>((resolve) => {
          release[text.slice(6)] = resolve;
        });
      return false;
    });
    return async (text: string) => {
      await vi.waitFor(() => expect(release).toHaveProperty([text]), 15_000);
      release[text]?.();
    };
  }

  it.each(
    ENTRIES.flatMap((entry) =>
      [
        ["held 1", "held 2"],
        ["held 2", "held 1"],
      ].map((order) => ({ ...entry, order })),
    ),
  )("$name: the last to finish is continued ($order)", async ({ fields, ask, order }) => {
    const conversation = remembering(new InMemoryStore(), fields).withSession("s");
    const start = await ask(conversation, "start");
    const release = holdBack();
    const calls: Record<string, Promise<BaseMessage>> = {};
    for (const text of ["held 1", "held 2"]) calls[text] = ask(conversation, text);
    for (const text of order) {
      await release(text);
      await calls[text];
    }
    await ask(conversation, "next");
    const last = await (calls[order[1] as string] as Promise<BaseMessage>);
    expect(asked(gateway.current).map(({ after }) => after)).toEqual([
      undefined,
      responseId(start),
      responseId(start),
      responseId(last),
    ]);
  });

  it("corrupt nothing, however many they are", async () => {
    const store = new InMemoryStore<string>();
    const conversation = remembering(store).withSession("s");
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => conversation.invoke(`${index}`)));
    const last = await conversation.invoke("next");
    expect(answers.map(responseId)).toContain(asked(gateway.current).at(-1)?.after);
    expect(inShort(gateway.current.responses.conversation(responseId(last))).at(-2)).toBe("user: next");
    expect(warn).not.toHaveBeenCalled();
  });
});

describe.each(ENTRIES)("$name, with a store that hangs", ({ fields, ask }) => {
  const never = () => new Promise(() => {});

  it("a call that waits to read ends when its time is up, as where the proxy hangs", async () => {
    const store = new FaultyStore();
    store.read = never;
    const conversation = remembering(store, fields).withConfig({ timeout: 100 }).withSession("s-1234");
    await expect(ask(conversation, "one")).rejects.toThrow(/abort|timeout/i);
    expect(gateway.current.requests).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it("a call that waits to write has its answer when its time is up, and says so", async () => {
    const store = new FaultyStore();
    store.write = never;
    const conversation = remembering(store, fields).withConfig({ timeout: 3_000 }).withSession("s-1234");
    await Promise.race([ask(conversation, "one"), sleep(15_000).then(() => expect.unreachable())]).catch((error) =>
      expect(String(error)).toMatch(/abort|timeout/i),
    );
    expect(gateway.current.requests).toHaveLength(1);
    expect(warnings()).toEqual([expect.stringContaining("responseStore could not be written")]);
  });
});
