import { type OpenAIClient, OpenAIEmbeddings } from "@langchain/openai";
import { enableImplicitConfig, sessionLookup } from "../context/async_context.js";
import { enableStepTracking } from "../context/step_tracker.js";
import { checkApiKey, withProxyVariables } from "../openai_client/connection.js";
import { checkLogSteps, type SessionFields } from "../openai_client/fields.js";
import {
  annotateError,
  observeClient,
  stopBudgetRetries,
  withObservation,
} from "../openai_client/observe_responses.js";
import { type DefaultSession, resolveDefaultSession } from "../session/default_session.js";
import { resolveModelSession } from "../session/precedence.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { describeStep, type LoggedStep, startEmbedding } from "../session/steps.js";
import type { HeadersInput } from "../transport/headers.js";
import { costOf, parseResponseHeaders } from "../transport/response_headers.js";
import { createSessionWriter, type SessionWriter } from "../transport/session_writer.js";
import { checkFields } from "../utils/check_fields.js";
import { cloneInstance } from "../utils/clone_instance.js";

/** Fields of {@link SessionOpenAIEmbeddings}, which also takes every field of `OpenAIEmbeddings`. */
export type SessionOpenAIEmbeddingsFields = NonNullable<ConstructorParameters<typeof OpenAIEmbeddings>[0]> &
  SessionFields;

/** The data of one request. */
interface EmbeddingRequest {
  readonly sessionId: string | undefined;
  readonly step: LoggedStep | undefined;
  readonly observation: { headers?: Headers };
}

/**
 * `OpenAIEmbeddings` for a LiteLLM proxy. It writes the session id of the run that retrieves into each request.
 *
 * LangChain passes no config to embeddings. The session is the first of: the id that `withSession` bound;
 * `configurable`, or a `SessionCallbackHandler`, in LangChain's implicit config; the constructor's `sessionId`; a
 * thread id in the implicit config; `LITELLM_SESSION_ID`; the choice of `missingSessionId`, by default an id
 * generated for this object.
 *
 * A `RunnableWithSession`, a lambda, a tool and a graph node set an implicit config. A plain chain sets none for
 * its retriever: wrap the chain. A queue or data loader of your own runs a job in the context of another run: take
 * `embeddings.withSession(getSessionId())` before you queue the job, and use it in the job.
 *
 * @throws {SessionIdError} from the constructor or a call, before any request, for an id that can't be sent.
 * @throws {TypeError} from the constructor for an invalid `sessionTransport`, `logSteps` or `apiKey`.
 *
 * @example
 * ```typescript
 * const embeddings = new SessionOpenAIEmbeddings({ model: "text-embedding-3-small", sessionId: false });
 * const store = await MemoryVectorStore.fromTexts(["Bears eat honey."], {}, embeddings);
 * const chain = withSession(store.asRetriever());
 * await chain.invoke("Who eats honey?", { sessionId: "conversation-42" });
 * ```
 */
export class SessionOpenAIEmbeddings<TOutput = number[]> extends OpenAIEmbeddings<TOutput> {
  private readonly defaultSession: DefaultSession;
  private readonly writer: SessionWriter;
  private readonly logsSteps: boolean;
  private boundSessionId: string | undefined;

  /**
   * Returns the instance from the constructor. It holds the SDK's client, which its copies share. A function, because
   * `JSON.stringify` leaves it out: an instance that holds itself can't be serialised.
   */
  private readonly getClientOwner: () => this;

  constructor(fieldsArg: SessionOpenAIEmbeddingsFields = {}) {
    const form = 'new SessionOpenAIEmbeddings({ model: "text-embedding-3-small" })';
    const fields = withProxyVariables(checkFields(fieldsArg, form));
    const writer = createSessionWriter(fields.sessionTransport);
    const defaultSession = resolveDefaultSession(fields);
    const logsSteps = checkLogSteps(fields);
    super(fields);
    checkApiKey(this.clientConfig.apiKey);
    stopBudgetRetries(this);
    this.writer = writer;
    this.defaultSession = defaultSession;
    this.logsSteps = logsSteps;
    if (logsSteps) enableStepTracking();
    this.getClientOwner = () => this;
    enableImplicitConfig();
  }

  /** The bound session, else the session of a request outside any run. `false`: no session. */
  get sessionId(): string | false {
    return this.boundSessionId ?? this.defaultSession.id ?? false;
  }

  /**
   * Returns a copy whose requests belong to `sessionId`. Default: a new id. The copy shares the client, retries
   * and concurrency queue of this object.
   *
   * @throws {SessionIdError} if `sessionId` can't be sent.
   */
  withSession(sessionId?: string): this {
    const copy = cloneInstance(this);
    copy.boundSessionId = isUnset(sessionId) ? newSessionId() : checkSessionId(sessionId, "withSession(sessionId)");
    return copy;
  }

  /** The last method before the SDK. `embedQuery` and `embedDocuments` call it in the async context of their caller. */
  protected override async embeddingWithRetry(
    request: OpenAIClient.EmbeddingCreateParams,
  ): Promise<OpenAIClient.CreateEmbeddingResponse> {
    const lookup = sessionLookup(this.boundSessionId, undefined);
    const { id: sessionId } = resolveModelSession(lookup, { session: this.defaultSession });
    if (sessionId !== undefined) this.writer.check(sessionId);
    const step = this.logsSteps ? describeStep(lookup) : undefined;
    const observation: { headers?: Headers } = {};
    const end = startEmbedding(lookup.implicitConfig?.callbacks, this.model);
    try {
      const client = this.withWritingClient({ sessionId, step, observation });
      const answer = await super.embeddingWithRetry.call(client, request);
      const callId = parseResponseHeaders(observation.headers)?.callId;
      end({ inputTokens: answer.usage?.prompt_tokens, callId, costUsd: costOf(observation.headers, undefined) });
      return answer;
    } catch (error) {
      end({ thrown: [error], callId: parseResponseHeaders(observation.headers)?.callId });
      throw annotateError(error, observation, sessionId);
    }
  }

  /** Returns this object with another client, which writes the session id and the step into each attempt of one request. */
  private withWritingClient({ sessionId, step, observation }: EmbeddingRequest): this {
    const { writer } = this;
    const clientOwner = this.getClientOwner();
    const writingClient = (client: OpenAIClient) => {
      observeClient(client);
      const target = { baseURL: client.baseURL, defaultHeaders: clientOwner.clientConfig.defaultHeaders };
      const create = (body: object, options: { headers?: HeadersInput }) => {
        const parts = { body: { ...body }, headers: options.headers };
        const withId = sessionId === undefined ? parts : writer.write(parts, sessionId, target);
        const written = step ? writer.writeStep(withId, step, "embeddings", target) : withId;
        const sent = { ...withObservation(options, observation), headers: written.headers };
        return client.embeddings.create(written.body as never, sent as OpenAIClient.RequestOptions);
      };
      return { embeddings: { create } };
    };
    // OpenAIEmbeddings creates the client for its first request and stores it in the field `client`.
    return Object.create(this, {
      client: {
        get: () => clientOwner.client && writingClient(clientOwner.client),
        set: (client: OpenAIClient) => {
          clientOwner.client = client;
        },
      },
    });
  }
}
