import { AIMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { type AgentMiddleware, createMiddleware } from "langchain";
import type { ZodObject, ZodOptional, ZodString } from "zod";
import { enableImplicitConfig, sessionLookup } from "../context/async_context.js";
import { NO_SESSION } from "../session/default_session.js";
import { resolveModelSession } from "../session/precedence.js";
import { findBudgetError } from "../transport/session_budget_error.js";
import { createSessionWriter } from "../transport/session_writer.js";
import { checkFields } from "../utils/check_fields.js";
import { invalid } from "../utils/invalid.js";
import { addSessionHeader } from "./session_header.js";

/** Fields of {@link sessionMiddleware}. */
export interface SessionMiddlewareFields {
  /**
   * What happens to a run whose session has used up its budget or its calls. `"error"`: it throws a
   * `SessionBudgetError`. `"end"`: it ends with a last message that says so; with a `responseFormat`, its
   * `structuredResponse` is then undefined. The budget of a key or a user is an error in both cases.
   * Default: `"error"`.
   */
  exitBehavior?: "error" | "end" | undefined;
}

/** The runtime context of an agent with the middleware. A type alone: the id is checked as `configurable.sessionId`. */
export type SessionContextSchema = ZodObject<{ sessionId: ZodOptional<ZodString> }>;

const EXIT_BEHAVIORS: readonly unknown[] = ["error", "end"];

/**
 * A middleware of `createAgent` for a LiteLLM proxy. It types `context.sessionId`, writes the header of the session
 * into the calls of a plain `ChatOpenAI`, and can end a run whose session is used up. A `SessionChatOpenAI` writes its
 * session itself.
 *
 * @throws {TypeError} for an `exitBehavior` that is neither `"error"` nor `"end"`.
 *
 * @example
 * ```typescript
 * const agent = createAgent({ model, tools, middleware: [sessionMiddleware({ exitBehavior: "end" })] });
 * await agent.invoke({ messages }, { context: { sessionId: "conversation-42" } });
 * ```
 */
export function sessionMiddleware(fields?: SessionMiddlewareFields): AgentMiddleware<undefined, SessionContextSchema> {
  const { exitBehavior = "error" } = checkFields(fields, 'sessionMiddleware({ exitBehavior: "end" })');
  if (!EXIT_BEHAVIORS.includes(exitBehavior)) throw invalid('field "exitBehavior"', '"error" or "end"', exitBehavior);
  enableImplicitConfig();
  const writer = createSessionWriter("litellm");
  const middleware = createMiddleware({
    name: "SessionMiddleware",
    // No `wrapToolCall`: with one, LangChain's ToolNode throws a tool's error in place of handing it to the model.
    wrapModelCall: async (request, handler) => {
      const { configurable, context } = request.runtime as { configurable?: object; context?: object };
      const lookup = sessionLookup(undefined, { configurable, context } as RunnableConfig);
      const { id } = resolveModelSession(lookup, { session: NO_SESSION });
      try {
        return await handler(id === undefined ? request : addSessionHeader(request, id, writer));
      } catch (error) {
        const budgetError = findBudgetError(error, id);
        if (exitBehavior === "error" || !budgetError) throw error;
        return new AIMessage(LAST_MESSAGES[budgetError.limit]); // The agent ends after a message without tool calls.
      }
    },
  });
  return middleware as unknown as AgentMiddleware<undefined, SessionContextSchema>;
}

const LAST_MESSAGES = {
  budget: "This session has used up its budget, so the run ends here.",
  iterations: "This session has used up its number of model calls, so the run ends here.",
} as const;
