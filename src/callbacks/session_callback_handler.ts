import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { LLMResult } from "@langchain/core/outputs";
import { enableImplicitConfig } from "../context/async_context.js";
import { hasContent, startsContent } from "../session/first_content.js";
import { nameOfRun } from "../session/run_tree.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { HANDLER_BRAND, REQUEST_CONTEXT } from "../session/sources.js";
import { RUN_OBSERVER, type RunObserver } from "../session/steps.js";
import { answerId } from "../utils/answer_id.js";
import { checkFields } from "../utils/check_fields.js";
import { invalid } from "../utils/invalid.js";
import { nonNegative } from "../utils/non_negative.js";
import type { SessionSummary } from "../utils/session_sums.js";
import { CallRecords, formatThrown, type SessionCall, type SessionStep } from "./call_records.js";
import { observeRuns } from "./run_observer.js";

/** The arguments that the installed version of core passes to a handler's method. */
type Arguments<Method extends HandlerMethod> = Parameters<NonNullable<BaseCallbackHandler[Method]>>;
type HandlerMethod = `handle${"ChatModel" | "LLM" | "Chain" | "Tool" | "Retriever"}Start` | "handleLLMEnd";

/** Fields of {@link SessionCallbackHandler}. */
export interface SessionCallbackHandlerFields {
  /** The session of the calls under the handler: 1 to 1,024 characters. Default: a new id. Empty string: unset. */
  sessionId?: string | undefined;
  /** The number of newest calls that `calls` holds. `summary()` counts every call. Default: 1,000. */
  maxCalls?: number | undefined;
}

/**
 * A callback handler that makes a chain or agent run one session. Each `SessionChatOpenAI` call under the handler
 * sends its id, unless a call option or `configurable` names another session. The handler records every model
 * call under it, also those of other classes.
 *
 * @throws {SessionIdError} from the constructor, if `sessionId` can't be sent.
 * @throws {TypeError} from the constructor, if `maxCalls` is not a positive whole number, or the fields are no object.
 *
 * @example
 * ```typescript
 * const handler = new SessionCallbackHandler({ sessionId: "conversation-42" });
 * await chain.invoke({ question: "Why?" }, { callbacks: [handler] });
 * console.log(handler.summary()); // { sessionId: "conversation-42", calls: 3, inputTokens: 512, costUsd: 0.0021, … }
 * ```
 */
export class SessionCallbackHandler extends BaseCallbackHandler {
  override name = "SessionCallbackHandler";

  /** LangChain waits even with `LANGCHAIN_CALLBACKS_BACKGROUND=true`, so that `calls` is complete when a run ends. */
  override awaitHandlers = true;

  /** The session id of the calls under this handler. */
  readonly sessionId: string;

  /** @internal */
  readonly [HANDLER_BRAND] = true;

  /** @internal */
  readonly [RUN_OBSERVER]: RunObserver;

  private readonly records: CallRecords;

  constructor(fields: SessionCallbackHandlerFields = {}) {
    super();
    enableImplicitConfig();
    const form = 'new SessionCallbackHandler({ sessionId: "conversation-42" })';
    const { sessionId, maxCalls = 1_000 } = checkFields(fields, form);
    if (!Number.isSafeInteger(maxCalls) || maxCalls < 1) {
      throw invalid('field "maxCalls"', "a positive whole number", maxCalls);
    }
    this.sessionId = isUnset(sessionId)
      ? newSessionId()
      : checkSessionId(sessionId, 'SessionCallbackHandler field "sessionId"');
    this.records = new CallRecords(maxCalls);
    this[RUN_OBSERVER] = observeRuns(this.records);
  }

  /** The newest model calls under this handler, the oldest first. */
  get calls(): readonly SessionCall[] {
    return this.records.calls;
  }

  /** The newest runs of tools and retrievers under this handler, the oldest first. At most `maxCalls`. */
  get steps(): readonly SessionStep[] {
    return this.records.steps;
  }

  /** Sums over all model calls under this handler, including those that `calls` no longer holds. */
  summary(): SessionSummary {
    return this.records.sums.summary(this.sessionId);
  }

  /** Returns this handler. LangChain's copy would record the calls in an object that the user does not have. */
  override copy(): this {
    return this;
  }

  override handleChatModelStart(
    ...[llm, , runId, parentRunId, extraParams, , metadata]: Arguments<"handleChatModelStart">
  ): void {
    const { model } = (extraParams?.invocation_params ?? {}) as { model?: unknown };
    const names = [metadata?.ls_model_name, model, llm.name];
    const name = names.find((candidate) => typeof candidate === "string");
    const options = (extraParams?.options ?? {}) as { signal?: AbortSignal; [REQUEST_CONTEXT]?: unknown };
    const isOurs = options[REQUEST_CONTEXT] !== undefined;
    this.records.startCall({ kind: "chat", runId, parentRunId, model: name }, { signal: options.signal, isOurs });
  }

  override handleLLMStart(...[llm, , ...run]: Arguments<"handleLLMStart">): void {
    this.handleChatModelStart(llm, [], ...run);
  }

  override handleLLMNewToken(
    ...[token, , runId, , , fields]: Parameters<NonNullable<BaseCallbackHandler["handleLLMNewToken"]>>
  ): void {
    if (token !== "" || hasContent(fields?.chunk)) this.records.firstToken(runId);
  }

  override handleChatModelStreamEvent(event: ChatModelStreamEvent, runId: string): void {
    if (startsContent(event)) this.records.firstToken(runId);
  }

  override handleLLMEnd(...[output, runId, , , extraParams]: Arguments<"handleLLMEnd">): void {
    const isCached = extraParams?.cached === true;
    // A cached answer has the metadata of the earlier request, with its cost.
    const { litellm, usage, model_provider } = (isCached ? undefined : messageOf(output)?.response_metadata) ?? {};
    // Of another model's answer, the provider may have written this key.
    const { callId, costUsd } = (this.records.isOurs(runId) ? litellm : undefined) ?? {};
    // ChatAnthropic keeps LiteLLM's cost in the usage. ChatOpenAI has it there for streams alone: half a sum misleads.
    // 0 is a model without a price.
    const usageCost = model_provider === "openai" ? undefined : usage?.cost || undefined;
    this.records.endCall(runId, {
      status: "ok",
      ...tokensOf(output),
      callId: answerId(callId),
      costUsd: nonNegative(litellm ? costUsd : usageCost),
      // LiteLLM's metadata has a cost of 0 only for an answer from the proxy's cache.
      cached: isCached || costUsd === 0 || undefined,
    });
  }

  override handleLLMError(error: unknown, runId: string): void {
    const { callId } = (error ?? {}) as { callId?: unknown };
    this.records.failCall(runId, error, { callId: answerId(callId) });
  }

  override handleChainStart(...[chain, , runId, parentRunId, , , , runName]: Arguments<"handleChainStart">): void {
    this.records.tree.start(runId, parentRunId, nameOfRun(chain, runName));
  }

  override handleChainEnd(_output: unknown, runId: string): void {
    this.records.tree.end(runId);
  }

  override handleChainError(_error: unknown, runId: string): void {
    this.records.tree.end(runId);
  }

  override handleToolStart(...[tool, , runId, parentRunId, , , runName]: Arguments<"handleToolStart">): void {
    this.records.startStep("tool", runId, parentRunId, nameOfRun(tool, runName));
  }

  override handleToolEnd(_output: unknown, runId: string): void {
    this.records.endStep(runId);
  }

  override handleToolError(error: unknown, runId: string): void {
    this.records.endStep(runId, formatThrown(error));
  }

  override handleRetrieverStart(
    ...[retriever, , runId, parentRunId, , , runName]: Arguments<"handleRetrieverStart">
  ): void {
    this.records.startStep("retriever", runId, parentRunId, nameOfRun(retriever, runName));
  }

  override handleRetrieverEnd(_documents: unknown, runId: string): void {
    this.records.endStep(runId);
  }

  override handleRetrieverError(error: unknown, runId: string): void {
    this.records.endStep(runId, formatThrown(error));
  }
}

/** Reads the token counts of the message. Older integrations have them in `llmOutput` only. */
function tokensOf(output: LLMResult): Pick<SessionCall, "inputTokens" | "outputTokens" | "cachedInputTokens"> {
  const usage = messageOf(output)?.usage_metadata;
  const tokenUsage = output.llmOutput?.tokenUsage ?? output.llmOutput?.estimatedTokenUsage;
  return {
    inputTokens: nonNegative(usage ? usage.input_tokens : tokenUsage?.promptTokens),
    outputTokens: nonNegative(usage ? usage.output_tokens : tokenUsage?.completionTokens),
    cachedInputTokens: nonNegative(usage?.input_token_details?.cache_read),
  };
}

interface AnswerMessage {
  readonly response_metadata?: {
    readonly litellm?: { readonly callId?: unknown; readonly costUsd?: unknown } | null;
    readonly usage?: { readonly cost?: unknown } | null;
    readonly model_provider?: unknown;
  };
  readonly usage_metadata?: {
    readonly input_tokens?: unknown;
    readonly output_tokens?: unknown;
    readonly input_token_details?: { readonly cache_read?: unknown } | null;
  };
}

function messageOf(output: LLMResult): AnswerMessage | undefined {
  return (output.generations[0]?.[0] as { message?: AnswerMessage } | undefined)?.message;
}
