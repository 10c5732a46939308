import type { CallbackManagerForLLMRun, Callbacks } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { AIMessageChunk, BaseMessage, BaseMessageLike } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult, LLMResult } from "@langchain/core/outputs";
import type { RunnableBatchOptions, RunnableConfig } from "@langchain/core/runnables";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import { ChatOpenAI, ChatOpenAICompletions, ChatOpenAIResponses } from "@langchain/openai";
import { enableImplicitConfig, getEnclosingSessionId, getImplicitConfig } from "../context/async_context.js";
import { type Conversation, planConversation, streamConversation } from "../conversation/conversation_turn.js";
import type { OwnConversation } from "../conversation/history.js";
import type { Reply } from "../openai_client/observe_responses.js";
import { modelSession } from "../session/default_session.js";
import {
  type CallContext,
  type ModelSession,
  type ResolvedSession,
  resolveSession,
  tracedSessionId,
} from "../session/precedence.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { checkCarried, parseTransport, type Transport } from "../transport/session_transport.js";
import { type SessionWriter, sessionWriter } from "../transport/session_writer.js";
import { copyOf } from "../utils/clone.js";
import { chooseBeforeEvents, chooseEach } from "./early_resolution.js";
import {
  checkApiKey,
  checkChaining,
  mergeCallOptions,
  type SessionChatOpenAICallOptions,
  type SessionChatOpenAIFields,
} from "./fields.js";
import { checkExtraBody, tagRequests } from "./inner_models.js";
import { type Called, ChosenSession, calledBy, carrying, setCalled } from "./request_context.js";
import { annotateChunks, annotateEvents, annotateResult } from "./response_metadata.js";

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
 * @throws {TypeError} from the constructor for an invalid `sessionTransport` or `usePreviousResponseId`, for the latter
 *   where the runtime has no WebCrypto, and for an `apiKey` that no header can hold; from a call for an invalid `extraBody`.
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
  private session: ModelSession;

  private transport: Transport;

  private write: SessionWriter;

  /** Whether calls continue from the last answer in their messages. */
  usePreviousResponseId: boolean;

  constructor(model: string, fields?: Omit<SessionChatOpenAIFields, "model">);
  constructor(fields?: SessionChatOpenAIFields);
  constructor(modelOrFields?: string | SessionChatOpenAIFields, fieldsArg?: Omit<SessionChatOpenAIFields, "model">) {
    const fields: SessionChatOpenAIFields =
      typeof modelOrFields === "string" ? { model: modelOrFields, ...fieldsArg } : (modelOrFields ?? fieldsArg ?? {});
    const transport = parseTransport(fields.sessionTransport);
    const session = modelSession(fields.sessionId);
    const chains = checkChaining(fields);
    super({
      ...fields,
      ...(chains && fields.useResponsesApi === undefined ? { useResponsesApi: true } : {}),
      completions: tagRequests(fields.completions ?? new ChatOpenAICompletions(fields)),
      responses: tagRequests(fields.responses ?? new ChatOpenAIResponses(fields)),
    });
    checkApiKey(this.clientConfig.apiKey);
    this.session = session;
    this.transport = transport;
    this.write = sessionWriter(transport);
    this.usePreviousResponseId = fields.usePreviousResponseId ?? false;
    enableImplicitConfig();
    chooseBeforeEvents(SessionChatOpenAI.prototype, (model, options) => model.withChosenSession(options));
  }

  /** `load` and a trace's playground know this model as `ChatOpenAI`. Core would take the class's own name. */
  override get lc_id(): string[] {
    return this.constructor === SessionChatOpenAI ? [...this.lc_namespace, SessionChatOpenAI.lc_name()] : super.lc_id;
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
    const copy = copyOf(this);
    copy.defaultOptions = { ...mergeCallOptions(this.defaultOptions, config) } as CallOptions;
    return copy;
  }

  override bindTools(...args: Parameters<ChatOpenAI<CallOptions>["bindTools"]>): this {
    return super.bindTools(...args) as this;
  }

  override async stream(
    input: BaseLanguageModelInput,
    options?: Partial<CallOptions>,
  ): Promise<IterableReadableStream<AIMessageChunk>> {
    return super.stream(input, this.withChosenSession(options) as CallOptions);
  }

  override batch(
    inputs: BaseLanguageModelInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions & { returnExceptions?: false },
  ): Promise<AIMessageChunk[]>;
  override batch(
    inputs: BaseLanguageModelInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<(AIMessageChunk | Error)[]>;
  override async batch(
    inputs: BaseLanguageModelInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<(AIMessageChunk | Error)[]> {
    const chosen = chooseEach(inputs.length, options, (each) => this.withChosenSession(each));
    return super.batch(inputs, chosen as Partial<CallOptions>[], batchOptions);
  }

  override async generate(
    messages: BaseMessageLike[][],
    options?: string[] | Partial<CallOptions>,
    callbacks?: Callbacks,
  ): Promise<LLMResult> {
    let given: Partial<SessionChatOpenAICallOptions> = (Array.isArray(options) ? { stop: options } : options) ?? {};
    // Callbacks as the third argument count as much as those in the options.
    if (callbacks && !given.callbacks) given = { ...given, callbacks };
    return super.generate(messages, given as Partial<CallOptions>);
  }

  /** The one place where call options and the whole RunnableConfig meet, whatever the entry point. */
  protected override _separateRunnableConfigFromCallOptionsCompat(
    options?: Partial<CallOptions>,
  ): [RunnableConfig, this["ParsedCallOptions"]] {
    const merged = mergeCallOptions(this.defaultOptions, options);
    const { context, ...called } = this.called(merged);
    const [config, callOptions] = super._separateRunnableConfigFromCallOptionsCompat(merged as Partial<CallOptions>);
    delete callOptions.sessionId;
    const tracedId = called.session && tracedSessionId(config.metadata, called.session, context);
    setCalled(callOptions, { ...called, tracedId });
    return [config, callOptions];
  }

  /**
   * A run's metadata: its `session_id` too. Here, and not in the config, because core spreads what
   * is here over the config's metadata, and a spread over fields that are there costs more than all else.
   */
  override getLsParams(options: this["ParsedCallOptions"]): ReturnType<ChatOpenAI<CallOptions>["getLsParams"]> {
    const params = super.getLsParams(options);
    const tracedId = calledBy(options)?.tracedId;
    return tracedId === undefined ? params : Object.assign(params, { session_id: tracedId });
  }

  override async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const { send, conversation } = this.prepare(messages, options, (sent, requested, reply, sessionId) => {
      reply.readsStream = true; // With `streaming: true`, ChatOpenAI joins a stream, and adds its numbers up.
      return annotateResult(super._generate(sent, requested, runManager), reply, sessionId);
    });
    const chained = await conversation?.();
    return chained ? chained.generate(send) : send(messages);
  }

  override _streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const { send, conversation } = this.prepare(messages, options, (sent, requested, reply, sessionId) =>
      annotateChunks(super._streamResponseChunks(sent, requested, runManager), reply, sessionId),
    );
    return conversation ? streamConversation(conversation, send, messages) : send(messages);
  }

  override async *_streamChatModelEvents(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatModelStreamEvent> {
    const { send, conversation } = this.prepare(messages, options, (sent, requested, reply, sessionId) => {
      reply.readsStream = true; // These events keep the tokens alone.
      return annotateEvents(super._streamChatModelEvents(sent, requested, runManager), reply, sessionId);
    });
    const chained = await conversation?.();
    yield* chained ? chained.events(send) : send(messages);
  }

  /** What the three kinds of call have in common: what goes with the request, and how the conversation continues. */
  private prepare<T>(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    request: (sent: BaseMessage[], options: this["ParsedCallOptions"], reply: Reply, sessionId?: string) => T,
  ): {
    send: (sent: BaseMessage[], previousResponseId?: string) => T;
    conversation: (() => Promise<Conversation | undefined>) | undefined;
  } {
    // Another model that asks this one's `_generate` brings no config: what is around it counts.
    const called = calledBy(options) ?? this.called(mergeCallOptions(this.defaultOptions, options));
    const { session, extraBody } = called;
    const isChained = this.usePreviousResponseId;
    const send = (sent: BaseMessage[], previousResponseId?: string) => {
      const reply: Reply = { isChained };
      const carried = { session, extraBody, write: this.write, previousResponseId, reply };
      return request(sent, carrying(options, carried), reply, session?.id);
    };
    return { send, conversation: isChained ? () => this.conversation(messages, options, called) : undefined };
  }

  /** What is known of a call that is made with these options, once they are checked. */
  private called(options: Partial<SessionChatOpenAICallOptions>): Called & { context: CallContext } {
    const { session, context } = this.chooseSession(options);
    if (session) checkCarried(session.id, this.transport);
    return { session, context, extraBody: checkExtraBody(options.extraBody) };
  }

  /** How this call continues its conversation, where it does. */
  private async conversation(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    { extraBody }: Called,
  ): Promise<Conversation | undefined> {
    if (!this._useResponsesApi(options)) return undefined;
    const { previous_response_id } = options;
    const body: OwnConversation & { model?: unknown } = { previous_response_id, ...this.modelKwargs, ...extraBody };
    const model = typeof body.model === "string" ? body.model : this.model;
    return planConversation({ messages, body, zdrEnabled: this.zdrEnabled ?? false, model });
  }

  /**
   * The options with the session of a call that is made now. `stream` and `batch` mix the implicit
   * config into them before they are taken apart, or replace it: what is bound could no longer be
   * told from what is around.
   */
  private withChosenSession(options: Partial<CallOptions> | undefined): Partial<CallOptions> {
    const { session } = this.chooseSession(mergeCallOptions(this.defaultOptions, options));
    return { ...options, sessionId: new ChosenSession(session) } as unknown as Partial<CallOptions>;
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
    const { defaultOptions, session: own, callbacks } = this;
    const chosen = ChosenSession.of(options.sessionId);
    const session = chosen
      ? chosen.session
      : resolveSession(context, { session: own, callbacks: [defaultOptions?.callbacks, callbacks] });
    return { session, context };
  }
}
