import { HumanMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionChatOpenAI, SessionChatOpenAIFields } from "../src/index.js";
import type { StreamEnd } from "./support/gateway_responses.js";
import { asked, ENTRIES, responseId } from "./support/responses.js";
import { modelOf, useGateway } from "./support/session.js";

const gateway = useGateway();

let store: InMemoryStore<string>;

beforeEach(() => {
  store = new InMemoryStore();
});

const conversationOf = (fields?: SessionChatOpenAIFields) =>
  modelOf(gateway.current, { responseStore: store, ...fields }).withSession("s");

async function entries(): Promise<[string, string | undefined][]> {
  const keys: string[] = [];
  for await (const key of store.yieldKeys()) keys.push(key);
  const values = await store.mget(keys);
  return keys.map((key, index) => [key, values[index]]);
}

const ENDS: StreamEnd[] = ["early", "destroyed", "failed", "incomplete"];

const STREAMED = ENTRIES.filter(({ name }) => name !== "invoke");

describe.each(STREAMED)("$name", ({ fields, ask }) => {
  it.each(ENDS)("a stream that ends %s leaves the store as it was", async (end) => {
    const conversation = conversationOf(fields);
    const first = await ask(conversation, "one");
    const before = await entries();
    gateway.current.responses.streamEnd = end;
    await ask(conversation, "two").catch(() => {});
    expect(asked(gateway.current)[1]).toEqual({ after: responseId(first), input: ["user: two"] });
    expect(await entries()).toEqual(before);
    gateway.current.responses.streamEnd = "whole";
    await ask(conversation, "three");
    expect(asked(gateway.current)[2]).toEqual({ after: responseId(first), input: ["user: three"] });
  });

  it.each(ENDS)("a first stream that ends %s leaves no entry", async (end) => {
    gateway.current.responses.streamEnd = end;
    await ask(conversationOf(fields), "one").catch(() => {});
    expect(gateway.current.requests).toHaveLength(1);
    expect(await entries()).toEqual([]);
  });

  it.each<StreamEnd>(["early", "failed"])(
    "an answer whose stream ended %s is not continued from the messages",
    async (end) => {
      const model = modelOf(gateway.current, { usePreviousResponseId: true, ...fields });
      gateway.current.responses.streamEnd = end;
      const cut = await ask(model, "one");
      gateway.current.responses.streamEnd = "whole";
      await ask(model, [new HumanMessage("one"), cut, new HumanMessage("two")]);
      expect(asked(gateway.current)[1]).toEqual({
        after: undefined,
        input: ["user: one", "assistant: reply to 1 messages", "user: two"],
      });
    },
  );
});

/** Ways to leave a stream whose end never comes. */
const LEAVINGS: Record<string, (model: SessionChatOpenAI) => Promise<unknown>> = {
  "a loop over chunks that breaks": async (model) => {
    for await (const _ of await model.stream("two")) break;
  },
  "a loop over chunks that throws": async (model) => {
    for await (const _ of await model.stream("two")) throw new Error("enough");
  },
  "stream.cancel()": async (model) => (await model.stream("two")).cancel(),
  "a reader that cancels after some chunks": async (model) => {
    const reader = (await model.stream("two")).getReader();
    for (let chunks = 0; chunks < 3; chunks += 1) await reader.read();
    await reader.cancel();
  },
  "a loop over streamEvents v3 that breaks": async (model) => {
    for await (const { event } of model.streamEvents("two")) if (event === "content-block-delta") break;
  },
  "a loop over streamEvents v2 that breaks": async (model) => {
    for await (const { event } of model.streamEvents("two", { version: "v2" }))
      if (event === "on_chat_model_stream") break;
  },
  "a signal, while chunks are read": async (model) => {
    const controller = new AbortController();
    for await (const _ of await model.stream("two", { signal: controller.signal })) controller.abort();
  },
  "a signal, during invoke": async (model) => {
    const controller = new AbortController();
    gateway.current.respond(() => {
      setTimeout(() => controller.abort(), 50);
      return undefined;
    });
    await model.invoke("two", { signal: controller.signal });
  },
};

it.each(Object.entries(LEAVINGS))(
  "left early by %s: the request ends, and the store is as it was",
  async (way, leave) => {
    const conversation = conversationOf({ streaming: true });
    const first = await conversation.invoke("one");
    const before = await entries();
    gateway.current.responses.streamEnd = "open";
    await leave(conversation).catch(() => {});
    expect(gateway.current.requests).toHaveLength(2);
    // LangChain reads what streamEvents v3 gives to its end, whether somebody listens or not.
    if (!/v3/.test(way)) await vi.waitFor(() => expect(gateway.current.responses.left).toBe(1), 15_000);
    expect(await entries()).toEqual(before);
    gateway.current.responses.streamEnd = "whole";
    await conversation.invoke("three");
    expect(asked(gateway.current)[2]?.after).toBe(responseId(first));
  },
);

it("an answer that the provider did not finish is given, and not continued from the store", async () => {
  gateway.current.respond((_, response) => {
    const answer = {
      id: "resp_half",
      object: "response",
      status: "incomplete",
      created_at: 1,
      model: "m",
      output: [],
      usage: null,
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    return true;
  });
  await conversationOf().invoke("one");
  expect(await entries()).toEqual([]);
});
