import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { ChatOpenAI, type ChatOpenAIFields, OpenAIClient } from "@langchain/openai";
import { SessionChatOpenAI } from "../../../src/index.js";
import { SESSION } from "../../support/like_chat_openai.js";
import type { ByteServer, ReceivedRequest } from "./byte_server.js";
import { type Describing, describeAll, differences } from "./everything.js";
import type { ByteScript } from "./scripts.js";

/** A model that plays a script. */
export type Player = (fields: ChatOpenAIFields) => ChatOpenAI;

/** Players that a user must not be able to tell from ChatOpenAI. */
export const PLAYERS: Readonly<Record<"sessionless" | "inSession", Player>> = {
  sessionless: (fields) => new SessionChatOpenAI({ ...fields, sessionId: false }),
  inSession: (fields) => new SessionChatOpenAI({ ...fields, sessionId: SESSION }),
};

/** What a user can observe of a played script. */
export interface Observed {
  readonly requests: readonly unknown[];
  readonly outcome: unknown;
  /** What a stream yielded before its end or its error. */
  readonly yielded: readonly unknown[];
  readonly callbacks: readonly unknown[];
  readonly attempts: readonly unknown[];
  /** What the SDK logs. */
  readonly logged: readonly unknown[];
  /** The user's own objects after the call. */
  readonly thrown: readonly unknown[];
  /** `response_metadata.litellm` and the properties of errors that this package adds. */
  readonly ours: readonly unknown[];
}

/** A run that is not over after this is taken for one that never ends. No other time decides anything. */
const HUNG_MS = 10_000;

/** The field `timeout`, in scripts that time out. */
const TIMEOUT_MS = 543_210;

/** The SDK's timers for it. */
const timeouts: (() => void)[] = [];

/**
 * No test waits for a timer: LangChain's retries come at once, and a request times out when it has reached the server.
 * Returns a function that restores the timers.
 */
export function replaceTimers(): () => void {
  const { setTimeout } = globalThis;
  const replaced = (callback: () => void, ms = 0, ...args: []) => {
    if (ms === TIMEOUT_MS) timeouts.push(callback);
    const isRetry = ms >= 1_000 && ms <= 60_000 && ms !== HUNG_MS;
    return setTimeout(callback, isRetry ? 0 : ms, ...args);
  };
  globalThis.setTimeout = replaced as typeof setTimeout;
  return () => {
    globalThis.setTimeout = setTimeout;
  };
}

class ReadonlyError extends Error {
  get sessionId() {
    return "the user's own";
  }
  get callId() {
    return "the user's own";
  }
}

/** Makes the object that the user throws or aborts with. */
const THROWN: Readonly<Record<ByteScript["thrown"], () => unknown>> = {
  default: () => undefined,
  error: () => new Error("the user's own"),
  frozen: () => Object.freeze(new Error("the user's own")),
  readonly: () => new ReadonlyError("the user's own"),
  "error with sessionId": () => Object.assign(new Error("the user's own"), { sessionId: "the user's own" }),
  object: () => ({ reason: "the user's own" }),
  text: () => "the user's own",
  null: () => null,
  SDK: () => new OpenAIClient.APIError(429, { message: "Session budget exceeded for session a" }, "", new Headers()),
};

const CALLBACKS = [
  "handleChatModelStart",
  "handleLLMNewToken",
  "handleLLMEnd",
  "handleLLMError",
  "handleChainStart",
  "handleChainEnd",
  "handleChainError",
] as const;

const SCHEMA = { title: "weather", type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const TOOL = { type: "function" as const, function: { name: "weather", parameters: SCHEMA } };

/** Plays a script to a model, and observes it. */
async function play(server: ByteServer, script: ByteScript, player: Player): Promise<Observed> {
  const { entry, abort, thrower } = script;
  const named = new Map<unknown, string>();
  const own = () => {
    const made = script.thrown === "default" && thrower !== "none" ? new Error("default") : THROWN[script.thrown]();
    if (typeof made === "object" && made !== null) named.set(made, `user's ${named.size}`);
    return made;
  };
  const controller = new AbortController();
  const abortNow = () => {
    if (controller.signal.aborted) return;
    const reason = own();
    reason === undefined ? controller.abort() : controller.abort(reason);
  };
  if (abort === "before") abortNow();
  const played = server.play(script.answers, (count) => {
    if (script.timesOut) for (const time of timeouts.splice(0)) time();
    if ((abort === "request" && count === 1) || (abort === "second request" && count === 2)) abortNow();
  });

  const told: unknown[] = [];
  const ours: unknown[] = [];
  const describing: Describing = { named, isAllowed: (...property) => isOurs(ours, ...property) };
  // Described at once: LangChain changes a message after it told a handler of it.
  const describe = (value: unknown) => describeAll(value, describing);
  const handler = Object.fromEntries(
    CALLBACKS.map((method) => [
      method,
      (...args: unknown[]) => {
        told.push([method, ...args.map(describe)]);
        if (method === "handleLLMNewToken" && abort === "token") abortNow();
        if (method === thrower) throw own();
      },
    ]),
  );
  const callbacks = [{ name: "recorder", awaitHandlers: true, raiseError: true, ...handler }];

  const attempts: unknown[] = [];
  const logged: unknown[] = [];
  const fields = fieldsOf(script, played.baseURL, { own, attempts, logged, describe });
  const model = player(fields);

  const yielded: unknown[] = [];
  const calling = call(
    model,
    entry,
    { signal: controller.signal, callbacks, ...(entry === "streamEvents v3" ? { callbacks: undefined } : {}) },
    (chunk) => {
      yielded.push(describe(chunk));
      if (abort === "token") abortNow();
      return abort === "leave";
    },
  ).then(
    (value) => ({ value: describe(value) }),
    (error: unknown) => ({ error: describe([error]) }),
  );
  const outcome = await Promise.race([calling, hung()]);
  await ended(told);
  return {
    requests: played.requests.map((request) => describe(withoutSession(request))),
    outcome,
    yielded,
    callbacks: told,
    attempts,
    logged,
    thrown: [...named.keys()].map((each) => describeAll(each, { named, isAllowed: () => false })),
    ours,
  };
}

/** The places in which a user can tell a player from ChatOpenAI, and data of ours that is not what it should be. */
export async function differencesOf(server: ByteServer, script: ByteScript, player: Player): Promise<string[]> {
  const { ours: _, ...expected } = await play(server, script, playChatOpenAI);
  const { ours, ...observed } = await play(server, script, player);
  return [...differences(expected, observed), ...ours.filter((each) => !isSound(each)).map(String)];
}

/** Texts of ours are short, and numbers are finite and not negative, whatever the provider says. */
function isSound(value: unknown): boolean {
  if (typeof value === "string") return value.length <= 1_000 && !value.includes("theirs");
  if (typeof value === "number") return Number.isFinite(value) && value >= 0;
  if (typeof value === "object" && value !== null) return Object.values(value).every(isSound);
  return value === undefined || value === true || typeof value === "symbol";
}

function hung(): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, HUNG_MS, "hung").unref());
}

/** Waits until each run that began has ended: `streamEvents` and a signal end a call before its run. A reader may leave one. */
async function ended(told: readonly unknown[]): Promise<void> {
  const count = (pattern: RegExp) => told.filter((each) => pattern.test(String((each as unknown[])[0]))).length;
  for (let turn = 0; turn < 40 && count(/Start/) > count(/End|Error/); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Recording {
  readonly own: () => unknown;
  readonly attempts: unknown[];
  readonly logged: unknown[];
  readonly describe: (value: unknown) => unknown;
}

function fieldsOf(
  script: ByteScript,
  baseURL: string,
  { own, attempts, logged, describe }: Recording,
): ChatOpenAIFields {
  const { thrower, useResponsesApi, maxRetries, entry, timesOut } = script;
  const log =
    (level: string) =>
    (...said: unknown[]) =>
      void logged.push([level, ...said.map(describe)]);
  const logger = { error: log("error"), warn: log("warn"), info: log("info"), debug: log("debug") };
  return {
    model: "gpt-4o",
    useResponsesApi,
    maxRetries,
    ...script.fields,
    ...(entry === "invoke streaming" ? { streaming: true } : {}),
    ...(timesOut ? { timeout: TIMEOUT_MS } : {}),
    apiKey:
      thrower === "apiKey"
        ? async () => {
            throw own();
          }
        : "sk-test",
    ...(thrower === "onFailedAttempt"
      ? {
          onFailedAttempt: (error: unknown) => {
            attempts.push(describe(error));
            throw own();
          },
        }
      : {}),
    configuration: {
      baseURL,
      logger,
      ...(thrower === "fetch" || thrower === "body" ? { fetch: throwingFetch(thrower, own) } : {}),
    },
  };
}

function throwingFetch(thrower: "fetch" | "body", own: () => unknown): typeof fetch {
  return async (input, init) => {
    if (thrower === "fetch") throw own();
    const response = await fetch(input, init);
    const broken = new ReadableStream({
      pull(stream) {
        stream.error(own());
      },
    });
    const { status, headers } = response;
    return new Response([204, 304].includes(status) ? null : broken, { status, headers });
  };
}

/** ChatOpenAI as it would be if its retries stopped at the budget of a session: the one difference that is meant. */
function playChatOpenAI(fields: ChatOpenAIFields): ChatOpenAI {
  return new ChatOpenAI({ onFailedAttempt: stopAtBudget, ...fields });
}

/** LangChain's own handler of failed attempts. */
const { onFailedAttempt } = new AsyncCaller({}) as unknown as { onFailedAttempt: (error: unknown) => void };

function stopAtBudget(error: { status?: unknown; message?: unknown; headers?: Headers }): void {
  // An error that the user made has no headers of a response.
  const isOfResponse = error.status === 429 && [...(error.headers ?? [])].length > 0;
  const isOver = isOfResponse && /(Session budget|Max iterations) exceeded for session/.test(String(error.message));
  try {
    onFailedAttempt(error);
    if (isOver) throw error;
  } finally {
    const retryable = Symbol.for("langchain.errors.retryable");
    if (isOver) Object.defineProperty(error, retryable, { value: false, configurable: true });
  }
}

/** Calls the model. `onChunk` returns whether the reader leaves. */
async function call(
  model: ChatOpenAI,
  entry: ByteScript["entry"],
  options: object,
  onChunk: (chunk: unknown) => boolean,
): Promise<unknown> {
  const read = async (stream: AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>) => {
    for await (const chunk of Symbol.asyncIterator in stream ? stream : await stream) if (onChunk(chunk)) break;
  };
  switch (entry) {
    case "invoke":
    case "invoke streaming":
      return model.invoke("hi", options);
    case "stream":
      return read(model.stream("hi", options));
    case "streamEvents v1":
      return read(model.streamEvents("hi", { ...options, version: "v1" }));
    case "streamEvents v2":
      return read(model.streamEvents("hi", { ...options, version: "v2" }));
    case "streamEvents v3": {
      const stream = model.streamEvents("hi", options);
      await read(stream as AsyncIterable<unknown>);
      return undefined;
    }
    case "streamLog":
      return read(model.streamLog("hi", options));
    case "batch":
      return model.batch(["hi"], options);
    case "batch returnExceptions":
      return model.batch(["hi", "you"], options, { returnExceptions: true, maxConcurrency: 1 });
    case "generate":
      return model.generate([[["user", "hi"]]], options);
    case "withRetry":
      return model.withRetry({ stopAfterAttempt: 2 }).invoke("hi", options);
    case "withFallbacks":
      return model.withFallbacks([model]).invoke("hi", options);
    case "bindTools":
      return read(model.bindTools([TOOL]).stream("hi", options));
    case "withStructuredOutput":
      return model.withStructuredOutput(SCHEMA).invoke("hi", options);
    case "withStructuredOutput raw":
      return model.withStructuredOutput(SCHEMA, { method: "functionCalling", includeRaw: true }).invoke("hi", options);
  }
}

const ERROR_PROPERTIES: readonly PropertyKey[] = [
  "sessionId",
  "callId",
  "limit",
  Symbol.for("langchain-litellm-session.SessionBudgetError"),
];

/** Whether a property is one that this package adds. Those of the user's objects are never ours. */
function isOurs(ours: unknown[], ...[owner, key, value, place]: Parameters<Describing["isAllowed"]>): boolean {
  const isOfError = owner instanceof Error && ERROR_PROPERTIES.includes(key);
  const isOfMessage = key === "litellm" && /^response_?metadata$/i.test(String(place));
  // The protocol of `streamEvents` v3 leaves an empty one out.
  const isOfEvent = key === "responseMetadata" && Object.keys(Object(value)).join() === "litellm";
  const isOfRun = key === "session_id" && value === SESSION && (place === undefined || place === "metadata");
  const isOfModel = key === "session_id" && (value === SESSION || value === false) && place === "kwargs";
  if (isOfError || isOfMessage) ours.push([key, value]);
  return (
    isOfError || isOfMessage || isOfEvent || isOfRun || isOfModel || String(key).startsWith("Symbol(langchain-litellm")
  );
}

function withoutSession({ line, headers, body }: ReceivedRequest): ReceivedRequest {
  const { "x-litellm-session-id": _1, "content-length": _2, host: _3, ...others } = headers;
  return {
    line,
    headers: others,
    body: body.replace(`,"litellm_session_id":"${SESSION}","litellm_trace_id":"${SESSION}"`, ""),
  };
}
