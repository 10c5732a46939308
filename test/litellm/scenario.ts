import { randomBytes } from "node:crypto";
import { newSessionId, SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import type { Lab } from "./lab.js";
import type { SeenRequest } from "./provider.js";
import type { SpendRow } from "./rows.js";
import type { Wire } from "./wire.js";

/** One session of a scenario: the id that its requests must carry, and the mark that identifies them. */
export interface ScenarioSession {
  /** The id for the scenario to use, or the one it reported with `joined`. */
  readonly sessionId: string;
  readonly mark: string;
  /** A prompt with the session's mark. Every request must have one, because it identifies its row. */
  prompt(text: string): string;
  /** Reports the id, for a scenario that generates it. */
  joined(sessionId: string): void;
}

/** The arguments of a scenario. */
export interface ScenarioRun {
  readonly sessions: readonly ScenarioSession[];
  /** One model without a session for all sessions of the scenario, as in a server. */
  readonly model: SessionChatOpenAI;
  /** A model of the scenario's endpoint with other fields. */
  newModel(fields: Partial<SessionChatOpenAIFields>): SessionChatOpenAI;
  readonly embeddingModel: string | undefined;
  /** Fields that connect any class of `@langchain/openai` to the proxy. */
  readonly connection: Connection;
}

export interface Connection {
  readonly apiKey: string;
  readonly maxRetries: number;
  readonly timeout: number;
  readonly configuration: { readonly baseURL: string; readonly fetch: typeof fetch };
}

/** One way to send requests with this package. */
export interface Scenario {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Number of requests of a session, with the fake provider's answers. */
  readonly rows: number;
  /** Number of them that continue an answer by its `previous_response_id`. Default: 0. */
  readonly continued?: number;
  /** Number of concurrent sessions. */
  readonly sessions: number;
  run(run: ScenarioRun): Promise<unknown>;
  /** Returns the problem with the requests of one session that the fake provider received. Default: no problem. */
  problemSeen?(seen: readonly SeenRequest[]): string | undefined;
  /** Returns the problem with the rows of one session. Default: no problem. */
  problemInRows?(rows: readonly SpendRow[]): string | undefined;
}

export type Endpoint = "chat" | "responses" | "embeddings" | "clients";

/** A scenario whose sessions do the same at the same time. */
export function scenario(
  endpoint: Endpoint,
  name: string,
  rows: number,
  use: (session: ScenarioSession & Omit<ScenarioRun, "sessions">) => Promise<unknown>,
  sessions = 2,
): Scenario {
  const run = (all: ScenarioRun) => Promise.all(all.sessions.map((session) => use({ ...all, ...session })));
  return { name: `${endpoint}: ${name}`, endpoint, rows, sessions, run };
}

/** A scenario with all its sessions in one call or one object. */
export function sharedScenario(
  endpoint: Endpoint,
  name: string,
  rows: number,
  run: (run: ScenarioRun) => Promise<unknown>,
  sessions = 2,
): Scenario {
  return { name: `${endpoint}: ${name}`, endpoint, rows, sessions, run };
}

/** A session whose id may be reported later. */
export function newSession(): ScenarioSession {
  const mark = `mark-${randomBytes(6).toString("hex")}`;
  let id = newSessionId();
  return {
    mark,
    get sessionId() {
      return id;
    },
    prompt: (text) => `${text} (${mark}; reply with one word)`,
    joined(sessionId) {
      id = sessionId;
    },
  };
}

/** The arguments of a scenario on this endpoint. */
export function scenarioRun(
  lab: Lab,
  endpoint: Endpoint,
  sessions: readonly ScenarioSession[],
  wire: Wire,
): ScenarioRun {
  const connection: Connection = {
    apiKey: lab.apiKey,
    // The fake provider never fails by chance; a real one may.
    maxRetries: lab.provider ? 0 : 2,
    timeout: 60_000,
    configuration: { baseURL: lab.baseURL, fetch: wire.fetch },
  };
  const newModel = (fields: Partial<SessionChatOpenAIFields>) =>
    new SessionChatOpenAI({ ...connection, model: lab.model, useResponsesApi: endpoint === "responses", ...fields });
  const { embeddingModel } = lab;
  return { sessions, model: newModel({ sessionId: false }), newModel, embeddingModel, connection };
}
