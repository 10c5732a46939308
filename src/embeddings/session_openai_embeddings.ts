import { type OpenAIClient, OpenAIEmbeddings } from "@langchain/openai";
import { checkApiKey } from "../chat_models/fields.js";
import { annotateError } from "../chat_models/response_metadata.js";
import { enableImplicitConfig, getEnclosingSessionId, getImplicitConfig } from "../context/async_context.js";
import { NotRetried, observe, type Reply } from "../openai_client/observe_responses.js";
import { modelSession } from "../session/default_session.js";
import { type ModelSession, resolveSession } from "../session/precedence.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import {
  checkCarried,
  type HeadersInput,
  parseTransport,
  type SessionTransport,
  type Transport,
} from "../transport/session_transport.js";
import { type SessionWriter, sessionWriter } from "../transport/session_writer.js";
import { copyOf } from "../utils/clone.js";

/** Fields of {@link SessionOpenAIEmbeddings}, beside those of `OpenAIEmbeddings`. */
export type SessionOpenAIEmbeddingsFields = NonNullable<ConstructorParameters<typeof OpenAIEmbeddings>[0]> & {
  /**
   * The session of a request that no run around it names: 1 to 1,024 characters. `false`: such a
   * request gets none. Empty string: unset. Default: environment variable `LITELLM_SESSION_ID`, else
   * a new id for this object.
   */
  sessionId?: string | false | undefined;

  /** How a session id is written into a request. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
};

/**
 * `OpenAIEmbeddings` for use behind a LiteLLM proxy: the embeddings of a retrieval are in the
 * session of the run that retrieves.
 *
 * LangChain gives embeddings no config. The session is the one that was bound by `withSession`, else
 * that of the run around the call, as LangChain carries it implicitly: everything inside a
 * `RunnableWithSession`, a lambda, a tool or a graph node has one; a retriever that is a step of a
 * plain chain has not, so wrap the chain. Else it is the constructor's.
 *
 * @throws {SessionIdError} from the constructor or a call, before any request, for an id that can't be sent.
 * @throws {TypeError} from the constructor for an invalid `sessionTransport` or an `apiKey` that no header can hold.
 *
 * @example
 * ```typescript
 * const embeddings = new SessionOpenAIEmbeddings({ model: "text-embedding-3-small", sessionId: false });
 * const store = await MemoryVectorStore.fromTexts(texts, {}, embeddings);
 * const chain = withSession(RunnableSequence.from([{ context: store.asRetriever(), … }, prompt, model]));
 * ```
 */
export class SessionOpenAIEmbeddings<TOutput = number[]> extends OpenAIEmbeddings<TOutput> {
  private session: ModelSession;

  private transport: Transport;

  private boundSessionId: string | undefined;

  private readonly write: SessionWriter;

  /** The object that holds the client for all copies. */
  private readonly origin: this;

  constructor(fields: SessionOpenAIEmbeddingsFields = {}) {
    const transport = parseTransport(fields.sessionTransport);
    const session = modelSession(fields.sessionId);
    super(fields);
    checkApiKey(this.clientConfig.apiKey);
    this.session = session;
    this.transport = transport;
    this.write = sessionWriter(transport);
    this.origin = this;
    enableImplicitConfig();
  }

  /** The session of a request that no run around it names: the bound one, else the default. `false`: none. */
  get sessionId(): string | false {
    return this.boundSessionId ?? (this.session ? this.session.id : false);
  }

  /**
   * A copy whose requests belong to `sessionId`. Default: a new id. The copy shares client, retries
   * and concurrency queue with its origin.
   *
   * @throws {SessionIdError} if `sessionId` can't be sent.
   */
  withSession(sessionId?: string): this {
    const copy = copyOf(this);
    copy.boundSessionId = isUnset(sessionId) ? newSessionId() : checkSessionId(sessionId, "withSession(sessionId)");
    return copy;
  }

  /** The last stop before the SDK. It is reached synchronously from `embedQuery` and `embedDocuments`. */
  protected override async embeddingWithRetry(
    request: OpenAIClient.EmbeddingCreateParams,
  ): Promise<OpenAIClient.CreateEmbeddingResponse> {
    const session = resolveSession(
      {
        sessionId: this.boundSessionId,
        passed: undefined,
        implicit: getImplicitConfig(),
        enclosing: getEnclosingSessionId(),
      },
      { session: this.session, callbacks: [undefined, undefined] },
    );
    if (session) checkCarried(session.id, this.transport);
    const reply: Reply = {};
    try {
      const answer: unknown = await super.embeddingWithRetry.call(this.tagging(session?.id, reply), request);
      if (answer instanceof NotRetried) throw answer.error;
      return answer as OpenAIClient.CreateEmbeddingResponse;
    } catch (error) {
      throw annotateError(error, reply.headers, session?.id);
    }
  }

  /** This object with a client that writes the id into each attempt of one request. */
  private tagging(sessionId: string | undefined, reply: Reply): this {
    const { origin, write } = this;
    const tag = (client: OpenAIClient) => {
      const create = (body: OpenAIClient.EmbeddingCreateParams, options: { headers?: HeadersInput }) => {
        const target = { baseURL: client.baseURL, defaultHeaders: origin.clientConfig.defaultHeaders };
        const given = { body: { ...body }, headers: options.headers };
        const request = sessionId === undefined ? given : write(given, sessionId, target);
        const tagged = { ...options, headers: request.headers } as OpenAIClient.RequestOptions;
        return observe(() => client.embeddings.create(request.body as unknown as typeof body, tagged), reply);
      };
      return { embeddings: { create } };
    };
    // OpenAIEmbeddings makes the client with the first request, and keeps it in this field.
    return Object.create(this, {
      client: {
        get: () => origin.client && tag(origin.client),
        set: (client: OpenAIClient) => {
          origin.client = client;
        },
      },
    });
  }
}
