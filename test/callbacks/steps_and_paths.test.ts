import { Document } from "@langchain/core/documents";
import { BaseRetriever } from "@langchain/core/retrievers";
import { RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { createAgent } from "langchain";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { SessionCall } from "../../src/index.js";
import { newHandler } from "../support/call_records.js";
import { answerLikeLiteLLM } from "../support/gateway/litellm_headers.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));

const namesOf = ({ path }: Pick<SessionCall, "path">) => path.map(({ name }) => name);

/** A retriever that finds one document, or throws. */
class Shelf extends BaseRetriever {
  lc_namespace = ["test"];
  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    if (query === "break") throw new TypeError("no shelf");
    return [new Document({ pageContent: query })];
  }
}

describe("the path of a call", () => {
  it("a call has the runs around it on its path, the outermost first, with their names and ids", async () => {
    const handler = newHandler();
    const model = modelFor(gateway.current);
    const inner = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName: "inner" });
    const outer = RunnableLambda.from(() => inner.invoke("hi")).withConfig({ runName: "outer" });
    await outer.invoke("hi", { callbacks: [handler] });
    const [call] = handler.calls as [SessionCall];
    expect(namesOf(call)).toEqual(["outer", "inner"]);
    expect(call.path.at(-1)?.id).toBe(call.parentRunId);
    await model.invoke("hi", { callbacks: [handler] });
    expect(handler.calls[1]?.path).toEqual([]);
  });

  it("two runs of one step are two branches: their names are equal, their ids differ", async () => {
    const handler = newHandler();
    const model = modelFor(gateway.current);
    const step = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName: "step" });
    const twice = RunnableParallel.from({ a: step, b: step }).withConfig({ runName: "both" });
    await twice.invoke("hi", { callbacks: [handler] });
    const [a, b] = handler.calls as [SessionCall, SessionCall];
    expect([namesOf(a), namesOf(b)]).toEqual(Array(2).fill(["both", "step"]));
    expect(a.path[0]).toEqual(b.path[0]);
    expect(a.path[1]?.id).not.toBe(b.path[1]?.id);
  });

  it("an agent's calls have its nodes on their path, and a tool's call has the tool", async () => {
    const handler = newHandler();
    const model = modelFor(gateway.current);
    const ask = tool(async () => (await model.invoke("in the tool")).text, {
      name: "ask",
      description: "Asks.",
      schema: z.object({ question: z.string() }),
    });
    const agent = createAgent({ model, tools: [ask], name: "helper" });
    await agent.invoke({ messages: "Ask." }, { callbacks: [handler] });
    const paths = handler.calls.map(namesOf);
    expect(paths.map(([root]) => root)).toEqual(["helper", "helper", "helper"]);
    expect(paths[0]).toContain("model_request");
    expect(paths[1]?.slice(-2)).toEqual(["tools", "ask"]);
    expect(handler.steps).toEqual([
      {
        runId: handler.calls[1]?.parentRunId,
        parentRunId: handler.calls[1]?.path.at(-2)?.id,
        kind: "tool",
        name: "ask",
        path: handler.calls[1]?.path.slice(0, -1),
        startedAt: expect.any(Date),
        durationMs: expect.any(Number),
      },
    ]);
  });
});

describe("steps", () => {
  it("a retriever and a tool that throw are steps with their error", async () => {
    const handler = newHandler();
    const fail = tool(
      () => {
        throw new RangeError("out of range");
      },
      { name: "fail", description: "Fails.", schema: z.object({}) },
    );
    await expect(fail.invoke({}, { callbacks: [handler] })).rejects.toThrow();
    await expect(new Shelf().invoke("break", { callbacks: [handler] })).rejects.toThrow();
    await new Shelf().withConfig({ runName: "find" }).invoke("bears", { callbacks: [handler] });
    expect(handler.steps).toMatchObject([
      { kind: "tool", name: "fail", path: [], error: "RangeError: out of range", durationMs: expect.any(Number) },
      { kind: "retriever", name: "Shelf", path: [], error: "TypeError: no shelf", durationMs: expect.any(Number) },
      { kind: "retriever", name: "find", path: [], durationMs: expect.any(Number) },
    ]);
    expect(handler.steps[2]).not.toHaveProperty("error");
    expect(handler.summary()).toMatchObject({ calls: 0, failures: 0 });
  });

  it("a handler keeps the newest maxCalls steps", async () => {
    const handler = newHandler(2);
    const shelf = new Shelf();
    for (const query of ["a", "b", "c"])
      await shelf.withConfig({ runName: query }).invoke(query, { callbacks: [handler] });
    expect(handler.steps.map(({ name }) => name)).toEqual(["b", "c"]);
  });
});
