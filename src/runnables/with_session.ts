import { Runnable } from "@langchain/core/runnables";
import { enableImplicitConfig } from "../context/async_context.js";
import { checkFields } from "../utils/check_fields.js";
import { describeValue } from "../utils/invalid.js";
import { agentInSession, isAgent } from "./agent_in_session.js";
import type { AgentLike, RunnableWithSessionOptions } from "./fields.js";
import { checkOptions } from "./prepare_call.js";
import { RunnableWithSession, type WithSession } from "./runnable_with_session.js";

/**
 * Wraps a Runnable, or an agent of `createAgent` or `createDeepAgent`, so that everything inside one call of it is in
 * one session. The id of a call is chosen as by {@link RunnableWithSession}, which is what a Runnable's wrapper is.
 *
 * An agent's wrapper has the agent's type, and its `graph` is wrapped too. A call of it takes the id by
 * `configurable.sessionId`, by `context.sessionId` or, though it is not in the agent's types, by call option
 * `sessionId`. A wrapped graph or agent that you export to a LangGraph server keeps the memory of its threads.
 *
 * @throws {SessionIdError} for a `sessionId` that can't be sent.
 * @throws {TypeError} for a `runnable` that is no Runnable and no agent, or an `onSession` that is no function.
 *
 * @example
 * ```typescript
 * const chain = withSession(prompt.pipe(model).pipe(parser), {
 *   onSession: (sessionId) => console.log(`session ${sessionId}`),
 * });
 * const agent = withSession(createAgent({ model, tools }));
 * ```
 */
export function withSession<Bound extends Runnable>(
  runnable: Bound,
  fields?: RunnableWithSessionOptions,
): WithSession<Bound>;
export function withSession<Agent extends AgentLike>(agent: Agent, fields?: RunnableWithSessionOptions): Agent;
export function withSession(runnableOrAgent: unknown, fields?: RunnableWithSessionOptions): unknown {
  const options = checkFields(fields, 'withSession(runnable, { sessionId: "conversation-42" })');
  if (Runnable.isRunnable(runnableOrAgent)) return new RunnableWithSession({ ...options, bound: runnableOrAgent });
  if (!isAgent(runnableOrAgent)) {
    throw new TypeError(
      `Invalid argument of withSession: expected a Runnable or an agent of createAgent, got ${describeValue(runnableOrAgent)}.`,
    );
  }
  checkOptions(options, "withSession");
  enableImplicitConfig();
  return agentInSession(runnableOrAgent, options);
}
