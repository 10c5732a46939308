import {
  mergeConfigs,
  type Runnable,
  RunnableBranch,
  type RunnableConfig,
  RunnableLambda,
  RunnableParallel,
} from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { z } from "zod";
import { type SessionChatOpenAI, withSession } from "../../src/index.js";
import {
  bindable,
  type CallerPlan,
  type CallPlan,
  INPUTS,
  type LeafPlan,
  type NodePlan,
  type SitePlan,
  type WrapperPlan,
} from "./plan.js";
import {
  before,
  type CallOptions,
  fail,
  optionsOf,
  Plain,
  run,
  State,
  type Step,
  same,
  sequence,
  Text,
} from "./steps.js";

/** Builds the Runnables of one program. A path is `p/s7.1/w3~12`: input 1 of batch 7, wrapper 3, attempt 12. */
export class Builder {
  /** The ids that each wrapper passed to onSession, by the wrapper's number. */
  readonly told = new Map<number, string[]>();

  /** The errors that the code between Runnables caught. */
  readonly caught: unknown[] = [];

  private attemptCount = 0;

  /** @param tag The start of each model call's message, which identifies the program of a request. */
  constructor(
    private readonly models: readonly SessionChatOpenAI[],
    private readonly tag: string,
  ) {}

  /** Makes the call of a site. `callers` is the config of the calling code. */
  site(plan: SitePlan): (path: string, callers?: RunnableConfig, signal?: AbortSignal) => Promise<void> {
    const call = plan.child.kind === "model" ? this.modelCall(plan.child, plan) : stepCall(this.node(plan.child), plan);
    return (path, callers, signal) => {
      const config = (own: CallPlan): CallOptions | undefined => {
        const mine = plan.passes === "own" || plan.passes === "merged" ? optionsOf(own) : undefined;
        const given = plan.passes === "merged" || plan.passes === "config" ? callers : undefined;
        const whole = given && mine ? (mergeConfigs(given, mine) as CallOptions) : (mine ?? given);
        return signal ? { ...whole, signal } : whole;
      };
      return call(path, [config(plan.own), ...INPUTS.slice(1).map(() => config(plan.second ?? plan.own))]);
    };
  }

  node(plan: NodePlan): Step {
    switch (plan.kind) {
      case "model":
        return sequence([(path) => this.message(plan, path), this.model(plan) as Runnable, new Text()]);
      case "sequence":
        return sequence([same, ...plan.children.map((child) => this.node(child))]);
      case "parallel": {
        const branches = Object.fromEntries(plan.children.map((child, index) => [`branch${index}`, this.node(child)]));
        const first = new Plain((paths: Record<string, string>) => paths.branch0 as string);
        return sequence([RunnableParallel.from<string>(branches), first]);
      }
      case "branch": {
        const [first, second] = plan.children;
        return RunnableBranch.from<string, string>([[() => plan.taken === 0, this.node(first)], this.node(second)]);
      }
      case "bound":
        return this.node(bindable(plan.child)).withConfig(optionsOf(plan.config));
      case "retry": {
        const { mark, failFirst, unmark } = this.attempts(plan.fails);
        return sequence([mark, this.node(plan.child), failFirst, unmark]).withRetry({ stopAfterAttempt: 2 });
      }
      case "fallback": {
        const [first, second] = plan.children;
        return sequence([this.node(first), plan.fails ? fail : same]).withFallbacks([this.node(second)]);
      }
      case "wrapper":
        return this.wrapper(plan);
      default:
        return this.caller(plan);
    }
  }

  private message(leaf: LeafPlan, path: string): string {
    return `${this.tag} m${leaf.id} ${same(path)}`;
  }

  private model(leaf: LeafPlan): SessionChatOpenAI {
    const model = this.models[leaf.model % this.models.length] as SessionChatOpenAI;
    return leaf.bound.reduce((copy, { by, ...bound }) => {
      if (by === "withSession") return copy.withSession(String(bound.sessionId));
      const options = optionsOf(bound);
      return by === "withConfig" ? copy.withConfig(options) : copy.bindTools([SEARCH], options);
    }, model);
  }

  private modelCall(leaf: LeafPlan, { id, way }: SitePlan): Call {
    const model = this.model(leaf);
    return async (path, options) => {
      const message = this.message(leaf, path);
      if (way === "generate") await model.generate([[["user", message]]], options[0]);
      else if (way === "events3") {
        // A caller inside a streamEvents of another version finds that version in its config.
        const { version: _, ...given } = { version: undefined, ...options[0] };
        await model.streamEvents(message, given);
      } else if (way === "batch") {
        const messages = INPUTS.map((input) => this.message(leaf, `${path}/s${id}.${input}`));
        await model.batch(messages, configs(options));
      } else await run(model as Runnable, way, message, options[0]);
    };
  }

  private wrapper(plan: WrapperPlan): Step {
    const told: string[] = [];
    this.told.set(plan.id as number, told);
    const { own, ownFrom, attempts } = plan;
    const { mark, failFirst, unmark } = this.attempts(attempts === "retry" || attempts === "fallback", `/w${plan.id}`);
    const inside = (child: NodePlan) => sequence([mark, this.node(child), failFirst, unmark]);
    const find = (config: RunnableConfig) => config.configurable?.[String(ownFrom)]?.toString();
    const wrapper = withSession(inside(plan.child), {
      sessionId: ownFrom ? find : own,
      onSession: (id) => told.push(id),
    }).withConfig(optionsOf(plan.bound ?? {}) as RunnableConfig);
    if (attempts === "retry") return wrapper.withRetry({ stopAfterAttempt: 2 });
    if (attempts === "fallback") return wrapper.withFallbacks([inside(plan.fallback as NodePlan)]);
    return attempts === "listeners" ? wrapper.withListeners({ onStart: () => undefined }) : wrapper;
  }

  private caller(plan: CallerPlan): Step {
    const calls = plan.sites.map((site) => this.site(site));
    const body = async (path: string, config?: RunnableConfig): Promise<string> => {
      const begin = (call: (typeof calls)[0]) => call(same(path), config).catch((error) => this.caught.push(error));
      if (plan.atOnce) await Promise.all(calls.map(begin));
      else for (const call of calls) await begin(call);
      return path;
    };
    switch (plan.kind) {
      case "lambda":
        return RunnableLambda.from(body);
      case "generator":
        return RunnableLambda.from(async function* (path: string, config) {
          yield await body(path, config);
        }) as unknown as Step;
      case "returning":
        return RunnableLambda.from(() => sequence([same, RunnableLambda.from(body)]));
      case "tool": {
        const call = tool(({ path }, config) => body(path, config), {
          name: `tool${plan.id}`,
          description: "calls",
          schema: z.object({ path: z.string() }),
        });
        return sequence([new Plain((path: string) => ({ path: same(path) })), call]);
      }
      case "graph": {
        const graph = new StateGraph(Annotation.Root({ path: Annotation<string> }))
          .addNode("call", async ({ path }, config) => ({ path: await body(path, config) }))
          .addEdge(START, "call")
          .addEdge("call", END)
          .compile();
        return sequence([
          new Plain((path: string) => ({ path: same(path) })),
          graph as unknown as Runnable,
          new State(),
        ]);
      }
    }
  }

  /** Steps that mark the path of each attempt, and fail the first of each path if the plan says so. */
  private attempts(fails: boolean, name = "") {
    const failed = new Set<string>();
    return {
      mark: (path: string) => `${same(path)}${name}~${++this.attemptCount}`,
      failFirst: (path: string) => {
        const start = before("~", path);
        return !fails || failed.has(start) || !failed.add(start) ? path : fail();
      },
      unmark: (path: string) => before(`${name}~`, path),
    };
  }
}

type Call = (path: string, options: readonly (CallOptions | undefined)[]) => Promise<void>;

/** The call of a step by a site. */
function stepCall(step: Step, { id, way }: SitePlan): Call {
  return async (path, options) => {
    const inputs = INPUTS.map((input) => `${path}/s${id}.${input}`);
    if (way === "batch") await step.batch(inputs, configs(options));
    else await run(step, way, path, options[0]);
  };
}

function configs(options: readonly (CallOptions | undefined)[]): CallOptions[] {
  return options.map((each) => each ?? {});
}

const SEARCH = {
  type: "function" as const,
  function: { name: "search", parameters: { type: "object", properties: {} } },
};
