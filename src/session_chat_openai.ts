import type { CallbackManagerForLLMRun, Callbacks } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk, BaseMessage, BaseMessageLike } from "@langchain/core/messages";
import type { ChatResult, LLMResult } from "@langchain/core/outputs";
import type { RunnableConfig } from "@langchain/core/runnables";
import { getEnvironmentVariable } from "@langchain/core/utils/env";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import {
  ChatOpenAI,
  type ChatOpenAICallOptions,
  ChatOpenAICompletions,
  type ChatOpenAIFields,
  ChatOpenAIResponses,
} from "@langchain/openai";
import { enableImplicitConfig, getEnclosingSessionId, getImplicitConfig } from "./implicit_config.js";
import {
  type CallContext,
  type ModelSession,
  type ResolvedSession,
  resolveSession,
  withSessionMetadata,
} from "./resolve_session.js";
import { checkSessionId, isUnset, newSessionId } from "./session_id.js";
import { checkExtraBody, SESSION_CALL, type SessionCall, tagRequests } from "./session_requests.js";
import { checkCarried, parseTransport, type SessionTransport, type Transport } from "./session_transport.js";

/** Fields of {@link SessionChatOpenAI}, beside those of `ChatOpenAI`. */
export interface SessionChatOpenAIFields extends ChatOpenAIFields {
  /**
   * The session of a call that names none: 1 to 1,024 characters. `false`: such a call gets none,
   * which is what a server with one shared model wants. Empty string: unset.
   *
   * Default: environment variable `LITELLM_SESSION_ID`, else a new id for this model object.
   */
  sessionId?: string | false | undefined;

  /** How a session id is written into a request. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
}

/** Call options of {@link SessionChatOpenAI}, beside those of `ChatOpenAI`. */
export interface SessionChatOpenAICallOptions extends ChatOpenAICallOptions {
  /** The session of this call: 1 to 1,024 characters. `false`: none. Empty string: unset. */
  sessionId?: string | false | undefined;

  /**
   * Fields to merge into the request body, such as LiteLLM's `tags` or `guardrails`. They win over
   * `modelKwargs`; `metadata` merges by key. `messages`, `input` and `stream` can't be replaced.
   */
  extraBody?: Record<string, unknown> | undefined;
}

/**
 * `ChatOpenAI` for use behind a LiteLLM proxy: each request carries a session id, so that the
 * proxy's session logs show one chain, agent run or conversation as one session. Everything else is
 * as in `ChatOpenAI`, its name for LangChain's own helpers included.
 *
 * A call belongs to the first of: call option `sessionId`; `configurable.sessionId` or
 * `configurable.session_id`; the nearest `SessionCallbackHandler`; the constructor's `sessionId`;
 * `configurable.thread_id` and the metadata's `session_id`, `thread_id`, `conversation_id`;
 * `LITELLM_SESSION_ID`, else the id made for the model object. Config that LangChain carries
 * implicitly counts too, so that a model called inside a tool is in the session of its agent.
 *
 * @throws {SessionIdError} from the constructor or a call, before any request, for an id that can't be sent.
 * @throws {TypeError} from the constructor for an invalid `sessionTransport`, from a call for an invalid `extraBody`.
 *
 * @example
 * ```typescript
 * const model = new SessionChatOpenAI({
 *   model: "gpt-4o",
 *   apiKey: process.env.LITELLM_API_KEY,
 *   configuration: { baseURL: "http://localhost:4000" },
 *   sessionId: false,
 * });
 * await model.invoke("Hello", { sessionId: "conversation-42" });
 * ```
 */
export class SessionChatOpenAI<
  CallOptions extends SessionChatOpenAICallOptions = SessionChatOpenAICallOptions,
> extends ChatOpenAI<CallOptions> {
  protected session: ModelSession;

  protected transport: Transport;

  constructor(model: string, fields?: Omit<SessionChatOpenAIFields, "model">);
  constructor(fields?: SessionChatOpenAIFields);
  constructor(modelOrFields?: string | SessionChatOpenAIFields, fieldsArg?: Omit<SessionChatOpenAIFields, "model">) {
    const fields: SessionChatOpenAIFields =
      typeof modelOrFields === "string" ? { model: modelOrFields, ...fieldsArg } : (modelOrFields ?? fieldsArg ?? {});
    const transport = parseTransport(fields.sessionTransport);
    const session = modelSession(fields.sessionId);
    super({
      ...fields,
      completions: tagRequests(fields.completions ?? new ChatOpenAICompletions(fields), transport),
      responses: tagRequests(fields.responses ?? new ChatOpenAIResponses(fields), transport),
    });
    this.session = session;
    this.transport = transport;
    enableImplicitConfig();
  }

  /** `load` and a trace's playground know this model as `ChatOpenAI`. Core would take the class's own name. */
  override get lc_id(): string[] {
    return [...this.lc_namespace, (this.constructor as typeof SessionChatOpenAI).lc_name()];
  }

  override get callKeys(): string[] {
    return [...super.callKeys, "sessionId", "extraBody"];
  }

  /** The session of a call that names none: the bound one, else the default. `false`: none. */
  get sessionId(): string | false {
    const bound = this.defaultOptions?.sessionId;
    if (!isUnset(bound)) return bound;
    return this.session ? this.session.id : false;
  }

  /**
   * A copy of this model whose calls belong to `sessionId`. Default: a new id. Costs next to
   * nothing: the copy shares client, retries and concurrency queue with its origin.
   *
   * @throws {SessionIdError} if `sessionId` can't be sent.
   *
   * @example
   * ```typescript
   * const conversation = model.withSession("conversation-42");
   * await conversation.invoke("Hello");
   * ```
   */
  withSession(sessionId?: string): this {
    const id = isUnset(sessionId) ? newSessionId() : checkSessionId(sessionId, "withSession(sessionId)");
    return this.withConfig({ sessionId: id } as Partial<CallOptions>);
  }

  /** A copy with call options bound. `configurable` and `metadata` merge by key with those bound before. */
  override withConfig(config: Partial<CallOptions>): this {
    const copy: this = Object.assign(Object.create(Object.getPrototypeOf(this)), this);
    copy.defaultOptions = mergeCallOptions(this.defaultOptions, config) as CallOptions;
    return copy;
  }

  override bindTools(...args: Parameters<ChatOpenAI<CallOptions>["bindTools"]>): this {
    return super.bindTools(...args) as this;
  }

  override async stream(
    input: BaseLanguageModelInput,
    options?: Partial<CallOptions>,
  ): Promise<IterableReadableStream<AIMessageChunk>> {
    // Runnable.stream replaces the implicit config by `options`: the session is chosen before.
    const sessionId = new ChosenSession(this.chooseSession(mergeCallOptions(this.defaultOptions, options)).session);
    return super.stream(input, { ...options, sessionId } as unknown as CallOptions);
  }

  override async generate(
    messages: BaseMessageLike[][],
    options?: string[] | Partial<CallOptions>,
    callbacks?: Callbacks,
  ): Promise<LLMResult> {
    // Callbacks as the third argument count as much as those in the options.
    if (!callbacks || (!Array.isArray(options) && options?.callbacks)) {
      return super.generate(messages, options, callbacks);
    }
    const given = (Array.isArray(options) ? { stop: options } : options) as Partial<CallOptions> | undefined;
    return super.generate(messages, { ...given, callbacks } as Partial<CallOptions>);
  }

  /** The one place where call options and the whole RunnableConfig meet, whatever the entry point. */
  protected override _separateRunnableConfigFromCallOptionsCompat(
    options?: Partial<CallOptions>,
  ): [RunnableConfig, this["ParsedCallOptions"]] {
    const { sessionId, ...given } = mergeCallOptions(this.defaultOptions, options);
    const { session, context } = this.chooseSession({ ...given, sessionId });
    const extraBody = checkExtraBody(given.extraBody);
    const [config, callOptions] = super._separateRunnableConfigFromCallOptionsCompat(given as Partial<CallOptions>);
    if (session) {
      checkCarried(session.id, this.transport);
      config.metadata = withSessionMetadata(config.metadata, session, context);
    }
    if (session || extraBody)
      Object.assign(callOptions, { [SESSION_CALL]: { session, extraBody } satisfies SessionCall });
    return [config, callOptions];
  }

  override async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const call = (options as { [SESSION_CALL]?: SessionCall })[SESSION_CALL];
    if (!call) return super._generate(messages, options, runManager);
    // A plain call hands `options.options` to the SDK, a streamed one the call options themselves.
    return super._generate(messages, { ...options, options: { ...options.options, [SESSION_CALL]: call } }, runManager);
  }

  private chooseSession(options: Partial<SessionChatOpenAICallOptions>): {
    session: ResolvedSession | undefined;
    context: CallContext;
  } {
    const context: CallContext = {
      sessionId: options.sessionId,
      passed: options,
      implicit: getImplicitConfig(),
      enclosing: getEnclosingSessionId(),
    };
    const chosen: unknown = options.sessionId;
    const session =
      chosen instanceof ChosenSession
        ? chosen.session
        : resolveSession(context, { session: this.session, callbacks: this.callbacks });
    return { session, context };
  }
}

/** A session that was chosen where the call was made, on its way to where the options are taken apart. */
class ChosenSession {
  constructor(readonly session: ResolvedSession | undefined) {}
}

function modelSession(sessionId: unknown): ModelSession {
  if (sessionId === false) return false;
  if (!isUnset(sessionId)) return { id: checkSessionId(sessionId, 'field "sessionId"'), source: "constructor" };
  const fromEnvironment = getEnvironmentVariable("LITELLM_SESSION_ID");
  return isUnset(fromEnvironment)
    ? { id: newSessionId(), source: "generated" }
    : { id: checkSessionId(fromEnvironment, "environment variable LITELLM_SESSION_ID"), source: "environment" };
}

/** Call options over bound ones: an unset session leaves the bound one, `configurable` and `metadata` merge by key. */
function mergeCallOptions(
  bound: Partial<SessionChatOpenAICallOptions> | undefined,
  given: Partial<SessionChatOpenAICallOptions> | undefined,
): Partial<SessionChatOpenAICallOptions> {
  const merged = { ...bound, ...given };
  if (!bound || !given) return merged;
  if (isUnset(given.sessionId)) merged.sessionId = bound.sessionId;
  for (const key of ["configurable", "metadata"] as const) {
    if (bound[key] && key in given) merged[key] = { ...bound[key], ...given[key] };
  }
  return merged;
}
