import { type ChatOpenAICompletions, type ChatOpenAIResponses, wrapOpenAIClientError } from "@langchain/openai";
import { markBudgetError } from "./session_budget_error.js";
import type { HeadersInput } from "./session_transport.js";

/** The models inside a `ChatOpenAI`, one for each endpoint. */
export type InnerModel = ChatOpenAICompletions | ChatOpenAIResponses;

/** What the proxy says beside the answer, of the last attempt. */
export interface Reply {
  headers?: Headers | undefined;
  /** Whether the answer is a stream. */
  isStream?: boolean;
  /** Whether to read in a stream what LangChain's own events don't show. */
  readsStream?: boolean;
  /** The usage in a stream. */
  usage?: unknown;
  /** The id in the last event of a stream on `/responses`: a proxy may make another for each event. */
  responseId?: string | undefined;
}

/** An error on its way past LangChain's retries, which would try any 429 again that says when. */
export class NotRetried {
  constructor(readonly error: unknown) {}
}

/**
 * The model with a client that notes the response of one call. The SDK keeps it beside the answer
 * and ChatOpenAI awaits the answer alone; each call has a client of its own to note it in, so that
 * concurrent calls never swap them.
 */
export function observed<Inner extends InnerModel>(inner: Inner, reply: Reply): Inner {
  const { baseURL, chat, responses } = clientOf(inner);
  const client: Client = {
    baseURL,
    chat: { completions: new ObservedResource(chat?.completions, reply) },
    responses: new ObservedResource(responses, reply),
  };
  return Object.assign(Object.create(inner), { client });
}

/** An endpoint of the SDK's client, for one call: notes the response, and takes the error of a used-up session past LangChain's retries. */
export class ObservedResource {
  constructor(
    private readonly resource: { create: unknown; parse?: unknown },
    private readonly reply: Reply,
  ) {}

  create(body: Body, options: unknown): Promise<unknown> {
    return this.observe(body, () => (this.resource as Resource).create(body, options));
  }

  parse(body: Body, options: unknown): Promise<unknown> {
    return this.observe(body, () => (this.resource as Resource).parse(body, options));
  }

  private async observe(body: Body, request: () => ResponsePromise): Promise<unknown> {
    const { reply } = this;
    try {
      const promise = request();
      if (typeof promise.withResponse !== "function") return await promise;
      const { data, response } = await promise.withResponse();
      reply.headers = response.headers;
      reply.isStream = body.stream === true;
      return reply.isStream && reply.readsStream ? readStream(data as AsyncIterable<StreamEvent>, reply) : data;
    } catch (error) {
      const { headers } = (error ?? {}) as { headers?: unknown };
      reply.headers = headers instanceof Headers ? headers : undefined;
      if (markBudgetError(error)) return new NotRetried(wrapOpenAIClientError(error));
      throw error;
    }
  }
}

interface StreamEvent {
  readonly type?: string;
  readonly usage?: unknown;
  readonly response?: { readonly id?: string; readonly usage?: unknown };
}

async function* readStream<Event extends StreamEvent>(
  events: AsyncIterable<Event>,
  reply: Reply,
): AsyncGenerator<Event> {
  for await (const event of events) {
    reply.usage = event.usage ?? event.response?.usage ?? reply.usage;
    if (event.type === "response.completed" || event.type === "response.incomplete") {
      reply.responseId = event.response?.id;
    }
    yield event;
  }
}

type Body = Readonly<Record<string, unknown>>;

type ResponsePromise = Promise<unknown> & {
  withResponse?(): Promise<{ data: unknown; response: { headers: Headers } }>;
};

interface Resource {
  create(body: Body, options: unknown): ResponsePromise;
  parse(body: Body, options: unknown): ResponsePromise;
}

interface Client {
  readonly baseURL?: string | undefined;
  readonly chat: { readonly completions: Resource };
  readonly responses: Resource;
}

interface InnerInternals {
  client: Client;
  clientConfig: { baseURL?: string | null; defaultHeaders?: HeadersInput };
  _getClientOptions(options: undefined): unknown;
}

export function clientConfigOf(inner: InnerModel): InnerInternals["clientConfig"] {
  return (inner as unknown as InnerInternals).clientConfig;
}

/** The SDK's client, which is made for the first request. */
function clientOf(inner: InnerModel): Client {
  const internals = inner as unknown as InnerInternals;
  internals._getClientOptions(undefined);
  return internals.client;
}

/** The base URL of a model's requests. The SDK's client has the last word on it. */
export function baseUrlOf(inner: InnerModel): string | null | undefined {
  return clientOf(inner).baseURL ?? clientConfigOf(inner).baseURL;
}
