import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { AIMessageChunk } from "@langchain/core/messages";
import { Runnable, type RunnableConfig, RunnableSequence } from "@langchain/core/runnables";
import { SessionCallbackHandler } from "../../src/index.js";
import type { CallPlan, SitePlan } from "./plan.js";

/** The error of a planned fault. */
export const PLANNED = "planned";

/** Every node receives the path on which it was reached, and returns it. */
export type Step = Runnable<string, string>;

/** The input and config of a call. */
export interface CallOptions extends RunnableConfig {
  sessionId?: string | false | undefined;
}

/** A step that needs no config: a RunnableLambda without the cost of a run. */
export class Plain<Input, Output = string> extends Runnable<Input, Output> {
  lc_namespace = ["test"];

  constructor(private readonly func: (input: Input) => Output) {
    super();
  }

  override async invoke(input: Input): Promise<Output> {
    return this.func(input);
  }
}

/** The text of an answer, in pieces if it is streamed. */
export class Text extends Runnable<AIMessageChunk, string> {
  lc_namespace = ["test"];

  override async invoke({ text }: AIMessageChunk): Promise<string> {
    return text;
  }

  override async *transform(chunks: AsyncGenerator<AIMessageChunk>): AsyncGenerator<string> {
    for await (const { text } of chunks) yield text;
  }
}

/** The path of a graph's state. A stream gives updates, in one form and number or another; each has it. */
export class State extends Runnable<unknown, string> {
  lc_namespace = ["test"];

  override async invoke(state: unknown): Promise<string> {
    if (state instanceof Error) throw state; // See `same`.
    return /"path":"([^"]*)"/.exec(JSON.stringify(state))?.[1] ?? "";
  }

  override async *transform(states: AsyncGenerator<unknown>): AsyncGenerator<string> {
    let last: unknown;
    for await (const state of states) last = state;
    yield this.invoke(last);
  }
}

/** A sequence passes on the errors that a batch of a retry collects as if they were answers. */
export function same(path: string): string {
  if (typeof path !== "string") throw path;
  return path;
}

export function fail(): never {
  throw new Error(PLANNED);
}

/** The path up to the last of these marks. */
export function before(mark: string, path: string): string {
  return same(path).slice(0, path.lastIndexOf(mark));
}

export function sequence(steps: readonly (Runnable<never, unknown> | ((path: string) => string))[]): Step {
  const runnables = steps.map((step) => (typeof step === "function" ? new Plain(step) : step));
  return RunnableSequence.from<string, string>(runnables as unknown as [Step, ...Step[], Step]);
}

/** Calls a Runnable by an entry point that every Runnable has, except `batch`. */
export async function run(
  runnable: Runnable<string, unknown>,
  way: SitePlan["way"],
  input: string,
  options: CallOptions | undefined,
): Promise<void> {
  if (way === "invoke") await runnable.invoke(input, options);
  else if (way === "events") for await (const _ of runnable.streamEvents(input, { ...options, version: "v2" }));
  else for await (const _ of await runnable.stream(input, options)) if (way === "leave") break;
}

/** The call options of a plan. */
export function optionsOf({ sessionId, handlers, configurable, metadata }: CallPlan): CallOptions {
  return {
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(configurable ? { configurable: { ...configurable } } : {}),
    ...(metadata ? { metadata: { ...metadata } } : {}),
    ...(handlers ? { callbacks: handlers.map(handlerOf) } : {}),
  };
}

function handlerOf(id: string): BaseCallbackHandler {
  return id === "" ? new OtherHandler() : new SessionCallbackHandler({ sessionId: id });
}

class OtherHandler extends BaseCallbackHandler {
  name = "other";
  override handleChainStart(): void {}
}
