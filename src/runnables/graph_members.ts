/** What LangGraph and a LangGraph server use of a compiled graph, beside the methods of a Runnable. */
const GRAPH_MEMBERS = [
  "builder",
  "checkpointer",
  "store",
  "streamTransformers",
  "getState",
  "getStateHistory",
  "updateState",
  "bulkUpdateState",
  "getGraphAsync",
  "getSubgraphs",
  "getSubgraphsAsync",
] as const;

/** The names of the members of a graph that a wrapper around it has too. */
export type GraphMember = (typeof GRAPH_MEMBERS)[number];

/**
 * Gives a wrapper the members of the graph that it wraps, for reading and writing: a LangGraph server sets its
 * checkpointer on the object that the app exports, and without it a thread loses its memory.
 */
export function passGraphMembers(wrapper: object, graph: object): void {
  const members = graph as Partial<Record<GraphMember, unknown>>;
  for (const name of GRAPH_MEMBERS) {
    if (!(name in graph)) continue;
    Object.defineProperty(wrapper, name, {
      configurable: true,
      get: () => {
        const value = members[name];
        return typeof value === "function" ? value.bind(graph) : value;
      },
      set: (value: unknown) => {
        members[name] = value;
      },
    });
  }
}
