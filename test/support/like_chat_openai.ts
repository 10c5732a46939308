import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { SessionChatOpenAI } from "../../src/index.js";
import type { Gateway, GatewayRequest } from "./gateway/server.js";
import { connection } from "./sessions.js";

/** The session of the model that has one. */
export const SESSION = "drop-in-session";

/** Fields with which a model uses each of the endpoints. */
export const ENDPOINTS = [
  { endpoint: "/chat/completions", useResponsesApi: false },
  { endpoint: "/responses", useResponsesApi: true },
];

/** The same model three times: LangChain's own, ours without a session, ours with one. */
export interface ThreeModels {
  readonly plain: ChatOpenAI;
  readonly sessionless: SessionChatOpenAI;
  readonly inSession: SessionChatOpenAI;
}

/** The three models, for the gateway. */
export function threeModels(gateway: Gateway, fields: ChatOpenAIFields = {}): ThreeModels {
  const given = { ...connection(gateway), ...fields };
  const configuration = { ...connection(gateway).configuration, ...fields.configuration };
  return {
    plain: new ChatOpenAI({ ...given, configuration }),
    sessionless: new SessionChatOpenAI({ ...given, configuration, sessionId: false }),
    inSession: new SessionChatOpenAI({ ...given, configuration, sessionId: SESSION }),
  };
}

/** What a model sent and what came back, in a form in which two runs compare. */
export interface Observation {
  readonly requests: readonly GatewayRequest[];
  readonly outcome: unknown;
}

/** Runs `run` and notes the requests that it makes, and what it returns or throws. */
export async function observe(gateway: Gateway, run: () => unknown): Promise<Observation> {
  const before = gateway.requests.length;
  let outcome: unknown;
  try {
    outcome = await run();
  } catch (error) {
    outcome = { thrown: describeError(error) };
  }
  // Those of one batch arrive in any order.
  const requests = gateway.requests.slice(before).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  return comparable({ requests, outcome }) as Observation;
}

function textOf({ body }: GatewayRequest): string {
  return JSON.stringify(body.messages ?? body.input);
}

/** What of an error a caller can tell apart. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { value: error };
  const { status, code, type, lc_error_code } = error as Error & Record<string, unknown>;
  const { name, message, cause } = error;
  const kind = error.constructor.name;
  return { kind, name, message, status, code, type, lc_error_code, cause: cause && describeError(cause) };
}

/** The value as JSON says it, without what is new each time: ids, times, and the numbers of LangChain's tools for schemas. */
export function comparable(value: unknown): unknown {
  const json = JSON.stringify(value) ?? "null";
  const steady = json.replace(/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/g, "<id>");
  return JSON.parse(steady.replace(/"extract-\d+"/g, '"extract"').replace(/:1[0-9]{12}\b/g, ":1"));
}

/** The observation without what a session adds: three request fields, and `session_id` in a run's metadata. */
export function withoutSession({ requests, outcome }: Observation): Observation {
  return {
    requests: requests.map(({ path, headers, body }) => {
      const { litellm_session_id: _1, litellm_trace_id: _2, ...restOfBody } = body;
      const { "x-litellm-session-id": _3, "content-length": _4, ...restOfHeaders } = headers;
      return { path, headers: restOfHeaders, body: restOfBody };
    }),
    outcome: withoutSessionMetadata(outcome),
  };
}

/** The value without any `session_id` that is ours. */
export function withoutSessionMetadata(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSessionMetadata);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, each]) => key !== "session_id" || each !== SESSION);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutSessionMetadata(each)]));
}
