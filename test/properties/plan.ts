/**
 * A program of a property: models, and calls of random trees of Runnables. Plain data, so that a failing
 * one can be read; `build.ts` makes Runnables of it, and `reference.ts` predicts its ids.
 */

/** Ids on the levels of a config. `""` in `handlers`: a handler that is not a SessionCallbackHandler. */
export interface ConfigPlan {
  readonly configurable?: Readonly<Record<string, string | number>> | undefined;
  readonly handlers?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Call options of a model or a wrapper. */
export interface CallPlan extends ConfigPlan {
  readonly sessionId?: string | false | undefined;
}

/** A model: its constructor's fields, and `LITELLM_SESSION_ID` at the time. */
export interface ModelPlan {
  readonly sessionId?: string | false | undefined;
  readonly environment?: string | undefined;
  readonly handler?: string | undefined;
  readonly maxConcurrency: number;
  readonly maxRetries: number;
  readonly useResponsesApi: boolean;
}

/** The fate of one attempt of a request. `"drop"`: the connection breaks. `"cut"`: it breaks inside the answer. */
export type Fault = "none" | "drop" | "cut" | 429 | 500 | 503;

/** Entry points. Only models have the last two. */
export type Way = "invoke" | "stream" | "leave" | "batch" | "events" | "generate" | "events3";

/** The inputs of a batch. */
export const INPUTS = [0, 1, 2] as const;

/** A call from a lambda, a tool, a graph node or the test itself. */
export interface SitePlan {
  readonly id?: number;
  readonly child: NodePlan;
  readonly way: Way;
  /** The caller's config, none, another one, or both merged. */
  readonly passes: "config" | "nothing" | "own" | "merged";
  readonly own: CallPlan;
  /** `batch`: the inputs after the first have other configs. */
  readonly second?: CallPlan | undefined;
}

export interface LeafPlan {
  readonly kind: "model";
  readonly id?: number;
  readonly model: number;
  readonly bound: readonly (CallPlan & { readonly by: "withConfig" | "withSession" | "bindTools" })[];
  readonly faults: readonly Fault[];
  readonly delayMs: number;
}

export interface WrapperPlan {
  readonly kind: "wrapper";
  readonly id?: number;
  readonly child: NodePlan;
  readonly own?: string | undefined;
  /** Its `sessionId` is a function that reads this. */
  readonly ownFrom?: "thread_id" | undefined;
  readonly bound?: CallPlan | undefined;
  readonly attempts: "one" | "retry" | "fallback" | "listeners";
  readonly fallback?: NodePlan | undefined;
}

/** Code that calls other Runnables. */
export interface CallerPlan {
  readonly kind: "lambda" | "generator" | "returning" | "tool" | "graph";
  readonly id?: number;
  readonly sites: readonly SitePlan[];
  readonly atOnce: boolean;
}

export type NodePlan =
  | LeafPlan
  | WrapperPlan
  | CallerPlan
  | { readonly kind: "sequence" | "parallel"; readonly id?: number; readonly children: readonly NodePlan[] }
  | {
      readonly kind: "branch";
      readonly id?: number;
      readonly children: readonly [NodePlan, NodePlan];
      readonly taken: 0 | 1;
    }
  | { readonly kind: "bound"; readonly id?: number; readonly child: NodePlan; readonly config: ConfigPlan }
  | { readonly kind: "retry"; readonly id?: number; readonly child: NodePlan; readonly fails: boolean }
  | {
      readonly kind: "fallback";
      readonly id?: number;
      readonly children: readonly [NodePlan, NodePlan];
      readonly fails: boolean;
    };

/** A call that the test makes. All calls of a program run at the same time. */
export interface RootPlan {
  readonly site: SitePlan;
  readonly abortMs?: number | undefined;
}

export interface ProgramPlan {
  readonly models: readonly ModelPlan[];
  readonly roots: readonly RootPlan[];
}

/** The program with a number on every node and site. */
export function numbered(program: ProgramPlan): ProgramPlan {
  let count = 0;
  return JSON.parse(JSON.stringify(program), (_key, value: unknown) => {
    const isNumbered = typeof value === "object" && value !== null && ("kind" in value || "way" in value);
    return isNumbered ? { ...value, id: ++count } : value;
  });
}

/** Wraps a runnable that already has a bound config in a sequence, because it would merge another one in its own way. */
export function bindable(child: NodePlan): NodePlan {
  return ["bound", "wrapper", "retry"].includes(child.kind) ? { kind: "sequence", children: [child] } : child;
}
