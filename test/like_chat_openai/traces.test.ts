import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { BaseTracer, type Run } from "@langchain/core/tracers/base";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SessionChatOpenAI } from "../../src/index.js";
import {
  comparable,
  ENDPOINTS,
  observe,
  SESSION,
  threeModels,
  withoutSession,
  withoutSessionField,
} from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { connection, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** The fields of a run that LangSmith's tracer records, without times and ids. */
interface Trace {
  readonly name: string;
  readonly serialized: unknown;
  readonly extra: { readonly metadata: Record<string, unknown> };
  readonly children: readonly Trace[];
}

class TraceRecorder extends BaseTracer {
  override name = "trace_recorder";

  override awaitHandlers = true;

  readonly traces: Trace[] = [];

  protected override async persistRun(run: Run): Promise<void> {
    this.traces.push(comparable(traceOf(run)) as Trace);
  }
}

function traceOf({
  name,
  run_type,
  serialized,
  extra,
  tags,
  inputs,
  outputs,
  error,
  events,
  child_runs,
}: Run): unknown {
  const told = events.map((event) => [event.name, event.kwargs]);
  const failure = error?.split("\n")[0]; // Without the stack.
  const children = child_runs.map(traceOf);
  return {
    name,
    run_type,
    serialized: withoutSessionField(serialized),
    extra,
    tags,
    inputs,
    outputs,
    failure,
    told,
    children,
  };
}

/** The traces of the model's runs. */
function modelRuns(traces: readonly Trace[]): Trace[] {
  return traces.flatMap((trace) => [...(trace.name === "ChatOpenAI" ? [trace] : []), ...modelRuns(trace.children)]);
}

const clock = tool(async () => "noon", { name: "clock", description: "The time.", schema: z.object({}) });
const prompt = ChatPromptTemplate.fromTemplate("About {topic}");

const TRACED: Record<string, (model: ChatOpenAI, callbacks: BaseTracer[]) => unknown> = {
  invoke: (model, callbacks) => model.invoke("hi", { callbacks }),
  "invoke with options": (model, callbacks) =>
    model.invoke("hi", {
      callbacks,
      stop: ["."],
      tags: ["tag"],
      metadata: { user: "u" },
      runName: "mine",
      configurable: { any: 1 },
      options: { headers: { "x-call": "1" } },
    }),
  stream: (model, callbacks) => collect(model.stream("hi", { callbacks, stop: ["."] })),
  batch: (model, callbacks) => model.batch(["hi"], { callbacks }),
  generate: (model, callbacks) => model.generate([[["user", "hi"]], [["user", "you"]]], { callbacks }),
  "generate with callbacks as its third argument": (m, callbacks) => m.generate([[["user", "hi"]]], ["."], callbacks),
  "bound options": (model, callbacks) =>
    model.withConfig({ tags: ["tag"], metadata: { a: 1 }, callbacks }).invoke("hi"),
  bindTools: (model, callbacks) => model.bindTools([clock]).invoke("hi", { callbacks }),
  withStructuredOutput: (m, callbacks) =>
    m.withStructuredOutput(z.object({ a: z.string() })).invoke("hi", { callbacks }),
  "a chain": (model, callbacks) => prompt.pipe(model).invoke({ topic: "bears" }, { callbacks }),
  "a streamed chain": (model, callbacks) => collect(prompt.pipe(model).stream({ topic: "bears" }, { callbacks })),
  createAgent: (model, callbacks) => createAgent({ model, tools: [clock] }).invoke({ messages: ["hi"] }, { callbacks }),
  "a refused call": (model, callbacks) => {
    gateway.current.failNext(401, { message: "no" });
    return model.invoke("hi", { callbacks }).catch(() => {});
  },
};

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  it.each(Object.entries(TRACED))("%s has ChatOpenAI's trace, plus session_id in the metadata", async (_, run) => {
    const trace = async (model: ChatOpenAI) => {
      const recorder = new TraceRecorder();
      await run(model, [recorder]);
      return recorder.traces;
    };
    const { plain, sessionless, inSession } = threeModels(gateway.current, {
      useResponsesApi,
      tags: ["own"],
      metadata: { own: 1 },
    });
    const expected = await trace(plain);
    expect(expected.length).toBeGreaterThan(0);
    expect(await trace(sessionless)).toEqual(expected);

    const traces = await trace(inSession);
    const runs = traces[0]?.name === "mine" ? traces : modelRuns(traces);
    expect(runs.length).toBeGreaterThan(0);
    for (const { extra } of runs) expect(extra.metadata.session_id).toBe(SESSION);
    for (const { extra } of runs) delete extra.metadata.session_id;
    expect(traces).toEqual(expected);
  });

  it("an id that was generated for the model is not in the trace", async () => {
    const trace = async (model: ChatOpenAI) => {
      const recorder = new TraceRecorder();
      await model.invoke("hi", { callbacks: [recorder] });
      return recorder.traces;
    };
    const fields = { ...connection(gateway.current), useResponsesApi };
    expect(await trace(new SessionChatOpenAI(fields))).toEqual(await trace(new ChatOpenAI(fields)));
    expect(gateway.current.requests[0]?.body.litellm_session_id).toBeTypeOf("string");
  });

  it("bound callbacks are called by every entry point", async () => {
    const { inSession } = threeModels(gateway.current, { useResponsesApi });
    const recorder = new TraceRecorder();
    const bound = inSession.withConfig({ callbacks: [recorder] });
    await bound.invoke("hi");
    await collect(bound.stream("hi"));
    await bound.batch(["hi"]);
    await bound.generate([[["user", "hi"]]]);
    expect(recorder.traces.map(({ name }) => name)).toEqual(Array(4).fill("ChatOpenAI"));
  });

  it.each([
    { name: "invoke", run: (model: ChatOpenAI) => model.invoke("hi") },
    { name: "stream", run: (model: ChatOpenAI) => collect(model.stream("hi")) },
    { name: "generate", run: (model: ChatOpenAI) => model.generate([[["user", "hi"]]]) },
    { name: "invoke with tools", run: (model: ChatOpenAI) => model.bindTools([clock]).invoke("hi") },
    { name: "stream with tools", run: (model: ChatOpenAI) => collect(model.bindTools([clock]).stream("hi")) },
  ])("a callback that changes the options of $name changes the request as with ChatOpenAI", async ({ run }) => {
    const changing = BaseCallbackHandler.fromMethods({
      handleChatModelStart: (_llm, _messages, _runId, _parentRunId, extraParams) => {
        const { options } = extraParams as { options: Record<string, unknown> };
        Object.assign(options, { stop: ["changed"], parallel_tool_calls: false, tool_choice: "none" });
        Object.assign(options, { options: { headers: { "x-changed": "1" } }, headers: { "x-changed": "1" } });
      },
    });
    changing.awaitHandlers = true;
    const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi, callbacks: [changing] });
    const expected = await observe(gateway.current, () => run(plain));
    expect(await observe(gateway.current, () => run(sessionless))).toEqual(expected);
    expect(withoutSession(await observe(gateway.current, () => run(inSession)))).toEqual(withoutSession(expected));
  });
});
