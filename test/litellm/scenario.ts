import { randomBytes } from "node:crypto";
import { newSessionId, SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import type { Lab } from "./lab.js";
import type { SeenRequest } from "./provider.js";
import type { Wire } from "./wire.js";

/** One session of a path: the id that its calls must carry, and the mark that they can be told by. */
export interface ScenarioSession {
  /** The id for the path to use, or what it said with `joined`. */
  readonly sessionId: string;
  readonly mark: string;
  /** A prompt with the session's mark. Every request must have one: its row is recognised by it. */
  prompt(text: string): string;
  /** For a path that does not choose the id itself: the one that was chosen. */
  joined(sessionId: string): void;
}

/** What a path works with. */
export interface ScenarioRun {
  readonly sessions: readonly ScenarioSession[];
  /** One model for all sessions of the path, without a session of its own: what a server has. */
  readonly model: SessionChatOpenAI;
  /** A model of the path's endpoint with other fields. */
  newModel(fields: Partial<SessionChatOpenAIFields>): SessionChatOpenAI;
  readonly embeddingModel: string | undefined;
  /** Fields that make any class of `@langchain/openai` talk to the proxy. */
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
  /** How many requests a session makes, with the stand-in's answers. */
  readonly rows: number;
  /** How many of them continue an answer by its `previous_response_id`. Default: none. */
  readonly continued?: number;
  /** How many sessions run at the same time. */
  readonly sessions: number;
  run(run: ScenarioRun): Promise<unknown>;
  /** What is wrong with what the stand-in saw of one session. Default: nothing. */
  problemSeen?(seen: readonly SeenRequest[]): string | undefined;
}

export type Endpoint = "chat" | "responses" | "embeddings";

/** A path whose sessions each do the same, at the same time. */
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

/** A path that has all its sessions in one call, or in one object. */
export function sharedScenario(
  endpoint: Endpoint,
  name: string,
  rows: number,
  run: (run: ScenarioRun) => Promise<unknown>,
  sessions = 2,
): Scenario {
  return { name: `${endpoint}: ${name}`, endpoint, rows, sessions, run };
}

/** A session whose id may be told later. */
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

/** What a path of this endpoint is given to talk to the proxy. */
export function scenarioRun(
  lab: Lab,
  endpoint: Endpoint,
  sessions: readonly ScenarioSession[],
  wire: Wire,
): ScenarioRun {
  const connection: Connection = {
    apiKey: lab.apiKey,
    // The stand-in never fails by chance; a real provider may.
    maxRetries: lab.provider ? 0 : 2,
    timeout: 60_000,
    configuration: { baseURL: lab.baseURL, fetch: wire.fetch },
  };
  const newModel = (fields: Partial<SessionChatOpenAIFields>) =>
    new SessionChatOpenAI({ ...connection, model: lab.model, useResponsesApi: endpoint === "responses", ...fields });
  const { embeddingModel } = lab;
  return { sessions, model: newModel({ sessionId: false }), newModel, embeddingModel, connection };
}
