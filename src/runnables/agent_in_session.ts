import { mergeConfigs, Runnable } from "@langchain/core/runnables";
import { SessionDelegate } from "./delegating_runnable.js";
import type { AgentLike, RunnableWithSessionCallOptions } from "./fields.js";
import { prepareCall, type WrapperFields } from "./prepare_call.js";

type Fields = WrapperFields<RunnableWithSessionCallOptions>;

/** Calls an agent as `RunnableWithSession` calls a Runnable. An agent has some of a Runnable's methods. */
class AgentDelegate extends SessionDelegate<unknown, unknown, RunnableWithSessionCallOptions> {
  lc_namespace = ["langchain_litellm_session"];

  constructor(protected readonly fields: Fields & { bound: Runnable }) {
    super();
  }

  override async invoke(input: unknown, options?: Partial<RunnableWithSessionCallOptions>): Promise<unknown> {
    const { run, config } = prepareCall(this.fields, options);
    return run(() => this.fields.bound.invoke(input, config));
  }
}

const ENTRY_POINTS = ["invoke", "stream", "streamEvents", "streamLog", "batch", "transform"] as const;

/** Whether a value is what `createAgent` returns. It is known by its shape: the package runs without `langchain`. */
export function isAgent(value: unknown): value is AgentLike {
  if (typeof value !== "object" || value === null || Runnable.isRunnable(value)) return false;
  const { graph, invoke, stream } = value as Record<keyof AgentLike, unknown>;
  return Runnable.isRunnable(graph) && typeof invoke === "function" && typeof stream === "function";
}

/**
 * Returns a Proxy of an agent, or of its graph, that resolves a session in each entry point. A Proxy, because an agent
 * is no Runnable, and has private fields: getters and methods run on the agent itself. It calls the agent's own
 * `invoke`, which adds the state of the middleware, and not its graph's. The graph is wrapped too: a LangGraph server
 * takes `agent.graph` in place of the agent.
 */
export function agentInSession<Agent extends object>(agent: Agent, fields: Fields): Agent {
  const delegate = new AgentDelegate({ ...fields, bound: agent as Runnable });
  const methods = new Map<PropertyKey, { of: unknown; method: unknown }>();
  const cached = (key: PropertyKey, of: unknown, create: () => unknown) => {
    const known = methods.get(key);
    if (known && known.of === of) return known.method;
    const method = create();
    methods.set(key, { of, method });
    return method;
  };
  return new Proxy(agent, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (isFixed(target, key)) return value;
      if (key === "graph" && Runnable.isRunnable(value)) return cached(key, value, () => agentInSession(value, fields));
      if (typeof value !== "function" || key === "constructor") return value;
      if (key === "withConfig") {
        return cached(key, value, () => (config: RunnableWithSessionCallOptions) => {
          // The session is the wrapper's: an agent that is bound to `sessionId` would not know the key.
          const { sessionId: _, ...agentConfig } = config ?? {};
          const bound = mergeConfigs(fields.agentConfig, config) as Partial<RunnableWithSessionCallOptions>;
          return agentInSession(value.call(target, agentConfig) as object, { ...fields, agentConfig: bound });
        });
      }
      const isEntryPoint = (ENTRY_POINTS as readonly PropertyKey[]).includes(key);
      const owner: object = isEntryPoint ? delegate : target;
      return cached(key, value, () => (Reflect.get(owner, key, owner) as () => unknown).bind(owner));
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** Whether the value of a property must be returned as it is, such as one of a frozen object: else a Proxy throws. */
function isFixed(target: object, key: PropertyKey): boolean {
  const property = Object.getOwnPropertyDescriptor(target, key);
  return property?.configurable === false && property.writable === false;
}
