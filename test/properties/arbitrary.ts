import { ensureConfig, type RunnableConfig } from "@langchain/core/runnables";
import fc from "fast-check";
import type { CallPlan, ConfigPlan, Fault, LeafPlan, ModelPlan, NodePlan, ProgramPlan, SitePlan, Way } from "./plan.js";

/**
 * Core before 1.1 copies `configurable` into `metadata`, into objects that others hold too: an id of
 * LangGraph's or of a history appears in other runs. A failure in a stream there rejects
 * unhandled promises, or never ends. For it, programs have none of that, nor newer features:
 * streamEvents v3, and LangGraph's way to merge configs.
 */
const isOldCore = ensureConfig<RunnableConfig>({ configurable: { copied: "yes" } }).metadata?.copied === "yes";

/** Mostly unique ids, so that a wrong one is recognised; some shared ones, and some that no header can hold. */
const id = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9_999).map((n) => `id-${n}`) },
  { weight: 1, arbitrary: fc.constantFrom("shared", "another", "ünï-1", " spaced ", "会話") },
);

/** A value that is undefined except one time in `n`. */
function oneIn<T>(n: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: n - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const anyId = fc.oneof(id, fc.nat(99));

const configurable: fc.Arbitrary<ConfigPlan["configurable"]> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ sessionId: anyId }) },
  { weight: 1, arbitrary: fc.constant({ sessionId: "" }) },
  { weight: 2, arbitrary: fc.constant({ other: "1" }) },
  { weight: isOldCore ? 0 : 1, arbitrary: fc.record({ session_id: anyId }) },
  { weight: isOldCore ? 0 : 1, arbitrary: fc.record({ sessionId: fc.constantFrom("", 7), session_id: id }) },
  { weight: isOldCore ? 0 : 2, arbitrary: fc.record({ thread_id: anyId }) },
);

const metadata: fc.Arbitrary<ConfigPlan["metadata"]> = fc.oneof(
  fc.record({ session_id: id }),
  fc.record({ thread_id: id, session_id: fc.constantFrom("", "\n") }),
  fc.record({ conversation_id: id }),
  fc.constant({ other: "1" }),
);

const handlers = fc.array(fc.oneof({ weight: 3, arbitrary: id }, { weight: 1, arbitrary: fc.constant("") }), {
  maxLength: 2,
});

const config: fc.Arbitrary<ConfigPlan> = fc.record({
  configurable: oneIn(2, configurable),
  handlers: oneIn(3, handlers),
  metadata: oneIn(3, metadata),
});

const call: fc.Arbitrary<CallPlan> = fc
  .tuple(config, oneIn(3, fc.oneof({ weight: 4, arbitrary: id }, fc.constant(""), fc.constant<false>(false))))
  .map(([given, sessionId]) => ({ ...given, sessionId }));

const bound = fc
  .tuple(call, fc.constantFrom("withConfig" as const, "withSession" as const, "bindTools" as const))
  // `withSession` without an id would bind an unknown new one.
  .map(([given, by]) => (by === "withSession" ? { by, sessionId: given.sessionId || "bound" } : { ...given, by }));

function leaf(hasFaults: boolean): fc.Arbitrary<LeafPlan> {
  const fault = fc.constantFrom<Fault>("none", "drop", "cut", 429, 500, 503);
  return fc.record({
    kind: fc.constant("model" as const),
    model: fc.nat(2),
    bound: oneIn(2, fc.array(bound, { minLength: 1, maxLength: 2 })).map((all) => all ?? []),
    faults: oneIn(hasFaults ? 10 : 1e9, fc.array(fault, { minLength: 1, maxLength: 2 })).map((all) => all ?? []),
    delayMs: oneIn(4, fc.nat(4)).map((ms) => ms ?? 0),
  });
}

const WAYS: Way[] = [
  "invoke",
  "invoke",
  "stream",
  "stream",
  "batch",
  "batch",
  ...(isOldCore ? [] : (["events"] as const)),
];
const MODEL_WAYS: Way[] = [...WAYS, "generate", ...(isOldCore ? [] : (["events3"] as const))];

function sites(hasFaults: boolean): fc.Arbitrary<SitePlan> {
  const ways = hasFaults ? [...WAYS, "leave" as const] : WAYS;
  const modelWays = hasFaults ? [...MODEL_WAYS, "leave" as const] : MODEL_WAYS;
  const { site } = fc.letrec<{ node: NodePlan; inner: NodePlan; site: SitePlan }>((tie) => {
    const node = tie("node");
    const pair = fc.tuple(node, node);
    const caller = fc.record({
      kind: fc.constantFrom("lambda", "lambda", "generator", "returning", "tool", ...(isOldCore ? [] : ["graph"])),
      sites: fc.array(tie("site"), { minLength: 1, maxLength: 3 }),
      atOnce: fc.boolean(),
    });
    const wrapper = fc.record({
      kind: fc.constant("wrapper"),
      child: node,
      own: oneIn(3, id),
      ownFrom: oneIn(5, fc.constant("thread_id")),
      bound: oneIn(2, call).map((given) => (given?.sessionId === false ? { ...given, sessionId: "" } : given)),
      attempts: fc.constantFrom("one", "one", "listeners", ...(isOldCore ? [] : ["retry", "fallback"])),
      fallback: node,
    }) as fc.Arbitrary<NodePlan>;
    const fails = isOldCore ? fc.constant(false) : fc.boolean();
    const list = (minLength: number) => fc.array(node, { minLength, maxLength: 3 });
    const inner = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("sequence"), children: list(1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("parallel"), children: list(2) }) },
      { weight: 4, arbitrary: caller },
      { weight: 4, arbitrary: wrapper },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("bound"), child: node, config }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("branch"), children: pair, taken: fc.nat(1) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("retry"), child: node, fails }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("fallback"), children: pair, fails }) },
    ) as fc.Arbitrary<NodePlan>;
    const passes = fc.constantFrom<SitePlan["passes"]>("config", "nothing", "nothing", "own", "own", "merged");
    return {
      inner,
      node: fc.oneof(
        { depthSize: "medium", maxDepth: 5, withCrossShrink: true },
        leaf(hasFaults),
        inner,
        inner,
      ) as fc.Arbitrary<NodePlan>,
      site: fc
        .tuple(
          fc.oneof({ weight: 3, arbitrary: node }, { weight: 1, arbitrary: wrapper }),
          fc.nat(999),
          passes,
          call,
          oneIn(4, call),
        )
        .map(([child, way, passing, own, second]): SitePlan => {
          const all = child.kind === "model" ? modelWays : ways;
          const given = (options: CallPlan) => takenBy(child, options);
          return {
            child,
            way: all[way % all.length] as Way,
            passes: passing,
            own: given(own),
            second: second && given(second),
          };
        }),
    };
  });
  return site;
}

/** Only models and wrappers have the call option: LangChain would pass it on to any step. */
function takenBy(child: NodePlan, options: CallPlan): CallPlan {
  const { sessionId, ...rest } = options;
  if (child.kind === "model") return options;
  return child.kind === "wrapper" && sessionId !== false ? options : rest;
}

const model: fc.Arbitrary<ModelPlan> = fc.record({
  sessionId: fc.oneof(fc.constant<false>(false), fc.constant(undefined), id),
  environment: oneIn(3, id),
  handler: oneIn(4, id),
  maxConcurrency: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8 })),
  maxRetries: fc.nat(1),
  useResponsesApi: oneIn(4, fc.constant(true)).map(Boolean),
});

/** Programs of one to four calls that share one to three models. With faults, some calls fail, end early or are aborted. */
export function programs(withFaults: boolean): fc.Arbitrary<ProgramPlan> {
  const hasFaults = withFaults && !isOldCore;
  const abortMs = hasFaults ? oneIn(10, fc.nat(15)) : fc.constant(undefined);
  return fc.record({
    models: fc.array(model, { minLength: 1, maxLength: 3 }),
    roots: fc.array(fc.record({ site: sites(hasFaults), abortMs }), { minLength: 1, maxLength: 4 }),
  });
}
