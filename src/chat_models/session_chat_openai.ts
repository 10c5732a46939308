import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import type { RunnableConfig } from "@langchain/core/runnables";
import { type ChatOpenAI, ChatOpenAICompletions, ChatOpenAIResponses } from "@langchain/openai";
import { enableImplicitConfig, sessionLookup } from "../context/async_context.js";
import type { ConversationTurn, Send } from "../conversation/conversation_turn.js";
import { checkApiKey, withProxyVariables } from "../openai_client/connection.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { canWriteSessionMetadata } from "../session/sources.js";
import { cloneInstance } from "../utils/clone_instance.js";
import { mergeCallOptions } from "./call_options.js";
import { Conversations } from "./conversations.js";
import {
  checkUsePreviousResponseId,
  type SessionChatOpenAICallOptions,
  type SessionChatOpenAIFields,
} from "./fields.js";
import { instrumentInnerModel } from "./inner_models.js";
import { ModelSession } from "./model_session.js";
import { getRequestContext, type RequestContext, setRequestContext, withRequest } from "./request_context.js";
import { annotateChunks, annotateEvents, annotateResult, type SentContext } from "./response_metadata.js";
import { StructuredOutputChatOpenAI } from "./structured_output.js";

/**
 * `ChatOpenAI` for a LiteLLM proxy. It writes a session id into each request, so that the proxy's session logs
 * show a chain, agent run or conversation as one session. It behaves like `ChatOpenAI` in every other way, and
 * reports `ChatOpenAI` as its name.
 *
 * The session of a call is the first of: call option `sessionId`; `configurable.sessionId` or
 * `configurable.session_id`; `context.sessionId`; the nearest `SessionCallbackHandler`; the constructor's `sessionId`;
 * `configurable.thread_id`; `session_id`, `thread_id` or `conversation_id` of the metadata; `LITELLM_SESSION_ID`;
 * the choice of `missingSessionId`, by default an id generated for the model object. The model also reads
 * LangChain's implicit config, so that a model inside a tool uses the session of its agent. A queue or data loader of
 * yours runs jobs in another run's context: take `model.withSession(getSessionId())`, or the config, before you queue.
 *
 * @throws {SessionIdError} from the constructor or a call, before any request, for an id that can't be sent; from a
 *   call for which nothing names a session, with `missingSessionId: "reject"`.
 * @throws {TypeError} from the constructor for an invalid `missingSessionId`, `sessionTransport`, `logSteps`,
 *   `usePreviousResponseId` or `apiKey`, for an invalid `LITELLM_BASE_URL` or one without a key, and for
 *   `usePreviousResponseId` in a runtime without WebCrypto; from a call for an invalid `extraBody`.
 *
 * @example
 * ```typescript
 * // LITELLM_BASE_URL and LITELLM_API_KEY name the proxy and its key.
 * const model = new SessionChatOpenAI({ model: "gpt-4o", missingSessionId: "reject" });
 * await model.invoke("Hello", { sessionId: "conversation-42" });
 * ```
 */
export class SessionChatOpenAI<
  CallOptions extends SessionChatOpenAICallOptions = SessionChatOpenAICallOptions,
> extends StructuredOutputChatOpenAI<CallOptions> {
  private session: ModelSession;
  private readonly conversations = new Conversations();

  /** Whether calls continue from the last answer in their messages. */
  usePreviousResponseId: boolean;

  constructor(model: string, fields?: Omit<SessionChatOpenAIFields, "model">);
  constructor(fields?: SessionChatOpenAIFields);
  constructor(modelOrFields?: string | SessionChatOpenAIFields, fieldsArg?: Omit<SessionChatOpenAIFields, "model">) {
    const fields = withProxyVariables<SessionChatOpenAIFields>(
      typeof modelOrFields === "string" ? { model: modelOrFields, ...fieldsArg } : (modelOrFields ?? fieldsArg ?? {}),
    );
    const session = new ModelSession(fields);
    const usePreviousResponseId = checkUsePreviousResponseId(fields);
    super({
      ...fields,
      ...(usePreviousResponseId && fields.useResponsesApi === undefined ? { useResponsesApi: true } : {}),
      completions: instrumentInnerModel(fields.completions ?? new ChatOpenAICompletions(fields)),
      responses: instrumentInnerModel(fields.responses ?? new ChatOpenAIResponses(fields)),
    });
    checkApiKey(this.clientConfig.apiKey);
    this.session = session;
    this.usePreviousResponseId = usePreviousResponseId;
    enableImplicitConfig();
  }

  /** `load` and LangSmith's playground need the id of `ChatOpenAI`. Core would return the name of this class. */
  override get lc_id(): string[] {
    return this.constructor === SessionChatOpenAI ? [...this.lc_namespace, SessionChatOpenAI.lc_name()] : super.lc_id;
  }

  override get lc_attributes(): ChatOpenAI["lc_attributes"] {
    return this.session.serialized as ChatOpenAI["lc_attributes"];
  }

  override get callKeys(): string[] {
    return [...super.callKeys, "sessionId", "extraBody"];
  }

  /** The session of a call that names none: the bound one, else the default. `false`: no session. */
  get sessionId(): string | false {
    const bound = this.defaultOptions?.sessionId;
    if (!isUnset(bound)) return bound;
    return this.session.default.id ?? false;
  }

  /**
   * Returns a copy of this model whose calls belong to `sessionId`. Default: a new id. The copy is cheap: it
   * shares the client, retries and concurrency queue of this model.
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

  /** Returns a copy with bound call options. `configurable` and `metadata` merge by key with those bound before. */
  override withConfig(config: Partial<CallOptions>): this {
    const copy = cloneInstance(this);
    copy.defaultOptions = { ...mergeCallOptions(this.defaultOptions, config) } as CallOptions;
    return copy;
  }

  /** Two parameters, as in ChatOpenAI: `createSupervisor` of LangGraph reads `bindTools.length`. */
  override bindTools(tools: Parameters<ChatOpenAI["bindTools"]>[0], kwargs?: Partial<CallOptions>): this {
    return super.bindTools(tools, kwargs) as this;
  }

  /** Every entry point of core calls this method, and no other receives both the call options and the config. */
  protected override _separateRunnableConfigFromCallOptionsCompat(
    options?: Partial<CallOptions>,
  ): [RunnableConfig, this["ParsedCallOptions"]] {
    const merged = mergeCallOptions(this.defaultOptions, options);
    const lookup = sessionLookup(merged.sessionId, merged);
    const { isGenerated, ...context } = this.createContext(merged, lookup);
    const [config, callOptions] = super._separateRunnableConfigFromCallOptionsCompat(merged as Partial<CallOptions>);
    delete callOptions.sessionId;
    // An id that was generated for this model object would only add noise to a trace's metadata.
    const isInMetadata = !isGenerated && canWriteSessionMetadata(config.metadata, lookup);
    return [config, setRequestContext(callOptions, { ...context, isInMetadata })];
  }

  /**
   * Adds `session_id` to a run's metadata. Core merges the result over the config's metadata anyway: a second
   * spread there was the most expensive part of a call in the benchmark.
   */
  override getLsParams(options: this["ParsedCallOptions"]): ReturnType<ChatOpenAI<CallOptions>["getLsParams"]> {
    const params = super.getLsParams(options);
    const { sessionId, isInMetadata } = getRequestContext(options) ?? {};
    return isInMetadata && sessionId !== undefined ? Object.assign(params, { session_id: sessionId }) : params;
  }

  override async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const { send, turn } = this.prepareCall(messages, options, runManager, (sent, requestOptions, context) => {
      context.request.observation.capturesStream = true; // With `streaming: true`, ChatOpenAI joins the chunks.
      return annotateResult(super._generate(sent, requestOptions, runManager), context);
    });
    return turn ? turn.generate(send) : send(messages);
  }

  override _streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { send, turn } = this.prepareCall(messages, options, runManager, (sent, requestOptions, context) =>
      annotateChunks(super._streamResponseChunks(sent, requestOptions, runManager), context),
    );
    return turn ? turn.stream(send) : send(messages);
  }

  override _streamChatModelEvents(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatModelStreamEvent> {
    const { send, turn } = this.prepareCall(messages, options, runManager, (sent, requestOptions, context) => {
      context.request.observation.capturesStream = true; // LangChain's events have the tokens, not the cost.
      return annotateEvents(super._streamChatModelEvents(sent, requestOptions, runManager), context);
    });
    return turn ? turn.events(send) : send(messages);
  }

  /**
   * Prepares a call. `send` sends one request with the call's context. `turn` decides which messages to send. It is
   * undefined if the model does not continue conversations.
   */
  private prepareCall<T>(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager: CallbackManagerForLLMRun | undefined,
    request: (messages: BaseMessage[], options: this["ParsedCallOptions"], context: SentContext) => T,
  ): { send: Send<T>; turn?: ConversationTurn | undefined } {
    // Another model that calls `_generate` of this one passes no config, and `createContext` reads the implicit one.
    const context = getRequestContext(options) ?? this.createContext(mergeCallOptions(this.defaultOptions, options));
    // @langchain/openai below 1.5 makes events from chunks: `_streamChatModelEvents` has prepared this call.
    const { writer } = this.session;
    if (context.request?.writer === writer) return { send: (sent) => request(sent, options, context as SentContext) };
    const isContinuable = this.usePreviousResponseId && this._useResponsesApi(options);
    const turn = isContinuable
      ? this.conversations.turn(this, this.responses, messages, options, context.extraBody)
      : undefined;
    const send: Send<T> = (sent, previousResponseId) => {
      const observation = { isContinuable };
      const sentContext = { ...context, request: { writer, previousResponseId, observation, runManager } };
      return request(sent, withRequest(options, sentContext), sentContext);
    };
    return { send, turn };
  }

  /** `options` are the call options merged over the bound ones. */
  private createContext(
    options: Partial<SessionChatOpenAICallOptions>,
    lookup = sessionLookup(options.sessionId, options),
  ): RequestContext & { isGenerated: boolean } {
    return this.session.createContext(options.extraBody, lookup, this.defaultOptions?.callbacks, this.callbacks);
  }

  protected resolveEarly(options: Partial<CallOptions> | undefined): Partial<CallOptions> | undefined {
    const merged = mergeCallOptions(this.defaultOptions, options);
    const lookup = sessionLookup(merged.sessionId, merged);
    try {
      const resolved = this.session.resolve(lookup, this.defaultOptions?.callbacks, this.callbacks);
      const sessionId = resolved === this.session.default ? resolved : (resolved.id ?? false);
      return { ...options, sessionId } as Partial<CallOptions>;
    } catch {
      return options;
    }
  }
}
