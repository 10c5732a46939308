import { HumanMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent, tool } from "langchain";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { SessionChatOpenAI, SessionChatOpenAIFields } from "../src/index.js";
import { sendJson } from "./support/gateway.js";
import { asked, ENTRIES, inShort } from "./support/responses.js";
import { modelOf, sessions, useGateway } from "./support/session.js";

const gateway = useGateway();

let store: InMemoryStore<string>;

beforeEach(() => {
  store = new InMemoryStore();
});

const remembering = (fields?: SessionChatOpenAIFields) => modelOf(gateway.current, { responseStore: store, ...fields });

const schema = z.object({ text: z.string() });

const lookUp = tool(async ({ text }) => `found ${text}`, { name: "look_up", description: "Looks up.", schema });

const THREAD = { configurable: { thread_id: "t" } };

const say = (text: string) => ({ messages: [new HumanMessage(text)] });

/** What the store holds of the one session. */
async function lastEntry(): Promise<{ id: string; pendingCalls: string[] }> {
  const [value] = await store.mget([(await store.yieldKeys().next()).value as string]);
  return JSON.parse(value as string);
}

const ID = expect.stringMatching(/^resp_\w+$/);

it.each(ENTRIES.slice(0, 2))("an agent without a history goes on from turn to turn: $name", async ({ fields }) => {
  const agent = createAgent({ model: remembering(fields), tools: [lookUp] });
  await agent.invoke(say("one"), THREAD);
  await agent.invoke(say("two"), THREAD);
  expect(asked(gateway.current)).toEqual([
    { after: undefined, input: ["user: one"] },
    { after: ID, input: ["output: found text"] },
    { after: ID, input: ["user: two"] },
    { after: ID, input: ["output: found text"] },
  ]);
  expect(
    inShort(gateway.current.responses.conversation((await lastEntry()).id)).filter((item) =>
      /^(user|output)/.test(item),
    ),
  ).toEqual(["user: one", "output: found text", "user: two", "output: found text"]);
});

it("an agent with a checkpointer goes on from its messages, and so does another that has only the session", async () => {
  const model = remembering();
  const agent = createAgent({ model, tools: [], checkpointer: new MemorySaver() });
  await agent.invoke(say("one"), THREAD);
  await agent.invoke(say("two"), THREAD);
  await model.invoke("three", THREAD);
  expect(asked(gateway.current)).toEqual([
    { after: undefined, input: ["user: one"] },
    { after: ID, input: ["user: two"] },
    { after: ID, input: ["user: three"] },
  ]);
});

describe("a tool that calls its agent's model", () => {
  /** A tool that asks the model something in each of the ways, and says what it got. */
  const asking = (model: SessionChatOpenAI, entry: (typeof ENTRIES)[number]) =>
    tool(async () => (await entry.ask(model, "aside")).text, { name: "ask", description: "Asks.", schema });

  it.each(ENTRIES)("does so outside of the conversation, in its session: $name", async (entry) => {
    const model = remembering(entry.fields);
    const agent = createAgent({ model, tools: [asking(model, entry)] });
    await agent.invoke(say("one"), THREAD);
    await agent.invoke(say("two"), THREAD);
    const turn = (text: string, before: unknown) => [
      { after: before, input: [`user: ${text}`] },
      { after: undefined, input: ["user: aside"] },
      { after: ID, input: ["output: reply to 1 messages"] },
    ];
    expect(asked(gateway.current)).toEqual([...turn("one", undefined), ...turn("two", ID)]);
    expect(sessions(gateway.current)).toEqual(Array(6).fill("t"));
  });

  it("also several times, and with tools at the same time", async () => {
    const model = remembering();
    const twice = tool(async () => `${(await model.invoke("first")).text}, ${(await model.invoke("second")).text}`, {
      name: "twice",
      description: "Asks twice.",
      schema,
    });
    const call = (n: number) => ({
      type: "function_call",
      id: `fc_${n}`,
      call_id: `call_${n}`,
      name: "twice",
      arguments: '{"text":""}',
    });
    gateway.current.responses.outputs.push([call(1), call(2)]);
    await createAgent({ model, tools: [twice] }).invoke(say("one"), THREAD);
    const [, ...rest] = asked(gateway.current);
    const last = rest.pop();
    expect(rest.map(({ after }) => after)).toEqual(Array(4).fill(undefined));
    expect(last).toEqual({ after: ID, input: Array(2).fill("output: reply to 1 messages, reply to 1 messages") });
  });

  it("has a conversation of its own where it names a session of its own", async () => {
    const model = remembering();
    const asideTool = tool(async () => (await model.invoke("aside", { sessionId: "aside" })).text, {
      name: "ask",
      description: "Asks.",
      schema,
    });
    const agent = createAgent({ model, tools: [asideTool] });
    await agent.invoke(say("one"), THREAD);
    await agent.invoke(say("two"), THREAD);
    const asides = asked(gateway.current).filter(({ input }) => input[0] === "user: aside");
    expect(asides).toEqual([
      { after: undefined, input: ["user: aside"] },
      { after: ID, input: ["user: aside"] },
    ]);
  });
});

it("a run that ends before its tools' answers arrive leaves the entry to who brings them", async () => {
  const model = remembering();
  gateway.current.respond(({ body }, response) => {
    if (!JSON.stringify(body.input).includes("function_call_output")) return undefined;
    sendJson(response, 500, { error: { message: "the proxy is broken" } });
    return true;
  });
  await expect(createAgent({ model, tools: [lookUp] }).invoke(say("one"), THREAD)).rejects.toThrow("broken");
  const before = await lastEntry();
  expect(before.pendingCalls).toHaveLength(1);
  await model.invoke("two", THREAD);
  expect(asked(gateway.current)[2]).toEqual({ after: undefined, input: ["user: two"] });
  expect(await lastEntry()).toEqual(before);
});
