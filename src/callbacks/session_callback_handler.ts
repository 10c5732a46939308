import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { LLMResult } from "@langchain/core/outputs";
import { enableImplicitConfig } from "../context/async_context.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { HANDLER_BRAND } from "../session/sources.js";
import type { LiteLLMResponseMetadata } from "../transport/response_headers.js";
import { checkFields } from "../utils/check_fields.js";
import { invalid } from "../utils/invalid.js";
import type { SessionSummary } from "../utils/session_sums.js";
import { CallRecords, type SessionCall } from "./call_records.js";

/** The arguments that the installed version of core passes to a handler's method. */
type Arguments<Method extends "handleChatModelStart" | "handleLLMStart" | "handleLLMEnd"> = Parameters<
  NonNullable<BaseCallbackHandler[Method]>
>;

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
  }

  /** The newest model calls under this handler, the oldest first. */
  get calls(): readonly SessionCall[] {
    return this.records.calls;
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
    this.records.start(
      runId,
      parentRunId,
      names.find((name) => typeof name === "string"),
    );
  }

  override handleLLMStart(...[llm, , ...run]: Arguments<"handleLLMStart">): void {
    this.handleChatModelStart(llm, [], ...run);
  }

  override handleLLMEnd(...[output, runId, , , extraParams]: Arguments<"handleLLMEnd">): void {
    const isCached = extraParams?.cached === true;
    // A cached answer has the metadata of the earlier request, with its cost.
    const { callId, costUsd } = (isCached ? undefined : messageOf(output)?.response_metadata?.litellm) ?? {};
    this.records.end(runId, { ...tokensOf(output), callId, costUsd, cached: isCached || undefined });
  }

  override handleLLMError(error: unknown, runId: string): void {
    const { name, message, callId } = (error ?? {}) as { name?: string; message?: string; callId?: string };
    this.records.end(runId, {
      inputTokens: undefined,
      outputTokens: undefined,
      error: message === undefined ? String(error) : `${name ?? "Error"}: ${message}`,
      callId,
    });
  }
}

/** Reads the token counts of the message. Older integrations have them in `llmOutput` only. */
function tokensOf(output: LLMResult): Pick<SessionCall, "inputTokens" | "outputTokens"> {
  const usage = messageOf(output)?.usage_metadata;
  if (usage) return { inputTokens: usage.input_tokens, outputTokens: usage.output_tokens };
  const tokenUsage = output.llmOutput?.tokenUsage ?? output.llmOutput?.estimatedTokenUsage;
  return { inputTokens: tokenUsage?.promptTokens, outputTokens: tokenUsage?.completionTokens };
}

interface AnswerMessage {
  readonly response_metadata?: { readonly litellm?: LiteLLMResponseMetadata };
  readonly usage_metadata?: { readonly input_tokens: number; readonly output_tokens: number };
}

function messageOf(output: LLMResult): AnswerMessage | undefined {
  return (output.generations[0]?.[0] as { message?: AnswerMessage } | undefined)?.message;
}
