/**
 * Predicts the session of each request of a program, by the precedence of docs/choosing-a-session.md and by the config that LangChain
 * passes on. Written from the documents and not from `src`, so that it does not repeat its mistakes.
 */
import type {
  CallerPlan,
  CallPlan,
  LeafPlan,
  ModelPlan,
  NodePlan,
  ProgramPlan,
  SitePlan,
  WrapperPlan,
} from "./plan.js";
import { bindable, INPUTS } from "./plan.js";
import {
  bind,
  type Config,
  configOf,
  type Expected,
  handlerIn,
  idIn,
  managed,
  merge,
  mergeCallbacks,
  textOf,
  threadIn,
} from "./reference_config.js";

/** How LangChain's code calls the parts of a runnable. */
type LangChainWay = "invoke" | "stream" | "batch";

type PlainNode = Exclude<NodePlan, { kind: "wrapper" | "bound" }>;

const SPELLINGS = ["sessionId", "session_id"];

/** A key of \`configurable\` that says which id a wrapper wrote there: an id beside it that equals it is not the user's. */
const WRITTEN = "written by a wrapper";

/** The surroundings of a call, besides its config. */
interface Surroundings {
  readonly implicit: Config | undefined;
  /** The session of the nearest wrapper. */
  readonly enclosing: Expected;
  /** The inputs of the batches that lead here. */
  readonly inputs: readonly string[];
  readonly isCertain: boolean;
}

/** The prediction for a model call. */
export interface Prediction {
  readonly expected: Expected;
  /** Whether the request arrives if only planned faults occur. A request inside a fallback may not. */
  readonly isCertain: boolean;
}

/** The prediction for each model call, by `LEAF INPUT…`. */
export function predict(program: ProgramPlan): ReadonlyMap<string, Prediction> {
  const reference = new Reference(program.models);
  for (const { site } of program.roots) {
    reference.site(site, undefined, { implicit: undefined, enclosing: undefined, inputs: [], isCertain: true });
  }
  return reference.predictions;
}

class Reference {
  readonly predictions = new Map<string, Prediction>();

  constructor(private readonly models: readonly ModelPlan[]) {}

  site(site: SitePlan, callers: Config | undefined, around: Surroundings): void {
    const given = (own: CallPlan): Config | undefined => {
      if (site.passes === "nothing") return undefined;
      if (site.passes === "config") return callers;
      return site.passes === "merged" ? merge(callers, configOf(own)) : configOf(own);
    };
    for (const input of site.way === "batch" ? INPUTS : [0]) {
      const own = input === 0 ? site.own : (site.second ?? site.own);
      const inputs = site.way === "batch" ? [...around.inputs, `s${site.id}.${input}`] : around.inputs;
      this.call(site, given(own), { ...around, inputs });
    }
  }

  private call({ child, way }: SitePlan, passed: Config | undefined, around: Surroundings): void {
    // A config bound to a model or a wrapper wins over the implicit one in every entry point.
    const isOurs = child.kind === "model" || child.kind === "wrapper";
    const given = way === "events" && !isOurs ? this.listened(passed, around) : passed;
    if (child.kind === "model") this.model(child, given, around);
    else this.run(child, given, around, way === "invoke" || way === "batch" ? way : "stream");
  }

  /** streamEvents merges the implicit config in, and adds a handler of LangChain. */
  private listened(passed: Config | undefined, around: Surroundings): Config {
    const config = this.ensure(passed, around);
    return { ...config, callbacks: config.callbacks ?? { ids: [], isManager: false } };
  }

  private run(node: NodePlan, passed: Config | undefined, around: Surroundings, way: LangChainWay): void {
    if (node.kind === "wrapper") this.wrapper(node, passed, around, way);
    else if (node.kind === "graph") this.graph(node, passed, around, way);
    else if (node.kind === "bound") {
      // RunnableBinding merges the implicit config in before the bound one, except in invoke.
      const given = way === "invoke" ? passed : this.ensure(passed, around);
      this.run(bindable(node.child), merge(configOf(node.config), given), around, way);
    } else this.inside(node, managed(this.ensure(passed, around)), around, way);
  }

  /** The children of a node, to which it passes its config. */
  private inside(node: PlainNode, config: Config, around: Surroundings, way: LangChainWay): void {
    // A fallback and the body of a lambda replace the implicit config with theirs; a stream and a
    // generator have none, unless LangSmith traces.
    const replaced = { ...around, implicit: node.kind === "generator" ? undefined : config };
    const inside = way === "stream" ? { ...around, implicit: undefined } : around;
    // These two split a batch into single calls.
    const wayOn = way === "batch" && (node.kind === "parallel" || node.kind === "branch") ? "invoke" : way;
    if (node.kind === "model") this.model(node, config, inside);
    else if (node.kind === "branch") this.run(node.children[node.taken], config, inside, wayOn);
    else if (node.kind === "retry") this.run(node.child, config, inside, way);
    else if (node.kind === "fallback") {
      const attempted = { ...(way === "invoke" ? replaced : inside), isCertain: false };
      for (const child of node.children) this.run(child, config, attempted, way);
    } else if ("children" in node) for (const child of node.children) this.run(child, config, inside, wayOn);
    else for (const site of node.sites) this.site(site, config, replaced);
  }

  /** A graph inside a graph gets the `configurable` around it too, but not in a stream; each tells its thread to the metadata. */
  private graph(node: CallerPlan, passed: Config | undefined, around: Surroundings, way: LangChainWay): void {
    const ambient = way === "stream" ? undefined : around.implicit?.configurable;
    const isInner = ambient?.graph === true && passed?.configurable?.graph !== true;
    const config = this.ensure(
      isInner ? { ...passed, configurable: { ...ambient, ...passed?.configurable } } : passed,
      around,
    );
    const thread_id = config.configurable?.thread_id;
    const inside = managed({
      ...config,
      configurable: { ...config.configurable, graph: true },
      metadata: thread_id === undefined ? config.metadata : { thread_id, ...config.metadata },
    });
    for (const site of node.sites) this.site(site, inside, { ...around, implicit: inside });
  }

  private wrapper(node: WrapperPlan, passed: Config | undefined, around: Surroundings, way: LangChainWay): void {
    const { sessionId, ...given } = bind(node.bound ? configOf(node.bound) : {}, passed);
    const config = this.ensure(given, around);
    const lookups = [given, around.implicit];
    const configured = idIn(lookups, SPELLINGS);
    const named = lookups.find((lookup) => idIn([lookup], SPELLINGS) !== undefined)?.configurable;
    const own = node.ownFrom ? textOf(config.configurable?.[node.ownFrom]) : node.own;
    const id =
      (sessionId || undefined) ??
      (configured === named?.[WRITTEN] ? undefined : configured) ??
      own ??
      configured ??
      around.enclosing ??
      handlerIn([given.callbacks, around.implicit?.callbacks]) ??
      threadIn(lookups) ??
      `fresh:w${node.id}`;
    const enter = (entered: Config, child: NodePlan) => {
      const isSpelledTwice = "session_id" in { ...node.bound?.configurable, ...entered.configurable };
      const written = { sessionId: id, ...(isSpelledTwice && { session_id: id }), [WRITTEN]: id };
      const inside = { ...entered, sessionId: undefined, configurable: { ...entered.configurable, ...written } };
      const enclosed = {
        ...around,
        enclosing: id,
        ...(way === "stream" ? { implicit: undefined } : {}),
        ...(node.attempts === "fallback" ? { isCertain: false } : {}),
      };
      this.run(child, inside, enclosed, way === "batch" ? "invoke" : way);
    };
    enter(config, node.child);
    // A config bound to a wrapper does not apply to its fallback.
    if (node.attempts === "fallback") enter(this.ensure(passed, around), node.fallback as NodePlan);
  }

  private model(leaf: LeafPlan, passed: Config | undefined, around: Surroundings): void {
    // Handlers that are bound later replace those before, as in ChatOpenAI.
    const bound = leaf.bound
      .map(configOf)
      .reduce((base, given) => ({ ...bind(base, given), callbacks: given.callbacks ?? base.callbacks }), {});
    const { sessionId, ...given } = bind(bound, passed);
    const model = this.models[leaf.model % this.models.length] as ModelPlan;
    const lookups = [given, around.implicit];
    const isGiven = model.sessionId !== undefined && model.sessionId !== false;
    const expected =
      (sessionId || undefined) ??
      idIn(lookups, SPELLINGS) ??
      around.enclosing ??
      handlerIn([mergeCallbacks(bound.callbacks, passed?.callbacks), around.implicit?.callbacks]) ??
      model.handler ??
      (isGiven ? (model.sessionId as string) : undefined) ??
      threadIn(lookups) ??
      (model.sessionId === false ? undefined : (model.environment ?? `model:${leaf.model % this.models.length}`));
    const key = [`m${leaf.id}`, ...around.inputs].join(" ");
    this.predictions.set(key, { expected: sessionId === false ? undefined : expected, isCertain: around.isCertain });
  }

  /** LangChain's `ensureConfig`: takes missing keys from the implicit config. */
  private ensure(passed: Config | undefined, { implicit }: Surroundings): Config {
    return {
      ...passed,
      configurable: passed?.configurable ?? implicit?.configurable,
      metadata: passed?.metadata ?? implicit?.metadata,
      callbacks: passed?.callbacks ?? implicit?.callbacks,
    };
  }
}
