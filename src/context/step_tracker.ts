import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { RunnableConfig } from "@langchain/core/runnables";
import { nameOfRun, RunTree } from "../session/run_tree.js";
import { observersOf, RUN_OBSERVER, type RunObserver } from "../session/steps.js";

/** The key of the process-wide switch. A `Symbol.for`, because an app may load two copies of this package. */
const TRACKS_STEPS: unique symbol = Symbol.for("langchain-litellm-session.tracks_steps") as never;

const processState = globalThis as { [TRACKS_STEPS]?: boolean };

/**
 * Lets wrappers learn the names of the runs inside them. A model with `logSteps` calls this: a handler costs a small
 * chain 0.1 ms, so that no other process has one.
 */
export function enableStepTracking(): void {
  processState[TRACKS_STEPS] = true;
}

type Start = (serialized: unknown, input: unknown, runId: string, parentRunId?: string, ...more: unknown[]) => void;

/** A callback handler that knows the names of the runs around a call, and records nothing else. */
class StepTracker extends BaseCallbackHandler {
  override name = "StepTracker";
  /** The names must be there before a model inside asks for them. */
  override awaitHandlers = true;
  override ignoreLLM = true;

  private readonly tree = new RunTree();
  readonly [RUN_OBSERVER]: RunObserver = { pathTo: (id) => this.tree.pathTo(id) };

  override copy(): this {
    return this;
  }

  override handleChainStart: Start = (chain, _input, runId, parentRunId, _tags, _metadata, _runType, runName) =>
    this.tree.start(runId, parentRunId, nameOfRun(chain, runName));
  override handleToolStart: Start = (tool, _input, runId, parentRunId, _tags, _metadata, runName) =>
    this.tree.start(runId, parentRunId, nameOfRun(tool, runName));
  override handleRetrieverStart: Start = this.handleToolStart;

  private readonly handleEnd = (_output: unknown, runId: string) => this.tree.end(runId);
  override handleChainEnd = this.handleEnd;
  override handleChainError = this.handleEnd;
  override handleToolEnd = this.handleEnd;
  override handleToolError = this.handleEnd;
  override handleRetrieverEnd = this.handleEnd;
  override handleRetrieverError = this.handleEnd;
}

/**
 * Returns the callbacks of a wrapped run with a handler that knows the names of the runs inside it. Unchanged if one
 * of the callbacks knows them already, and in a process where no model has `logSteps`.
 */
export function withStepTracker(callbacks: RunnableConfig["callbacks"]): RunnableConfig["callbacks"] {
  if (!processState[TRACKS_STEPS] || observersOf(callbacks).length > 0) return callbacks;
  const tracker = new StepTracker();
  return !callbacks || Array.isArray(callbacks) ? [...(callbacks ?? []), tracker] : callbacks.copy([tracker]);
}
