import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import type { Json } from "./gateway/server.js";

const ROOT = join(import.meta.dirname, "..", "..");

/** A process of `examples/express-chat`, started as its README says. */
export class ChatServer {
  stdout = "";
  stderr = "";
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.ended = once(child, "close").then(([code, signal]) => code ?? signal);
  }

  /** Starts a process. It may end, if it doesn't like its environment. */
  static spawn(env: Record<string, string>): ChatServer {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(OPENAI|LITELLM|LANG|NODE|VITEST|DATABASE|PG|PORT)/.test(name),
    );
    const args = ["--import", "tsx", "examples/express-chat/server.ts"];
    return new ChatServer(
      spawn(process.execPath, args, { cwd: ROOT, env: { ...Object.fromEntries(inherited), PORT: "0", ...env } }),
    );
  }

  /** Starts a process and waits until it listens. */
  static async start(env: Record<string, string>): Promise<ChatServer> {
    const server = ChatServer.spawn(env);
    while (!server.stdout.includes("\n")) {
      const ended = await Promise.race([once(server.child.stdout as never, "data"), server.ended]);
      if (!Array.isArray(ended)) throw new Error(`the server ended with ${ended}: ${server.stderr}`);
    }
    return server;
  }

  get url(): string {
    const [, port] = /^Express chat: http:\/\/localhost:(\d+)\n$/.exec(this.stdout) ?? [];
    return `http://127.0.0.1:${port}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }
}

export interface ChatEvent {
  readonly event: string;
  readonly data: string;
}

/** A user of the app with a browser's memory for cookies. */
export class ChatUser {
  /** What the server set, as it set it. */
  setCookie: string | undefined;

  constructor(private readonly server: { readonly url: string }) {}

  async request(path: string, init: RequestInit = {}, server = this.server): Promise<Response> {
    const headers = new Headers(init.headers);
    const [cookie] = this.setCookie?.split(";") ?? [];
    if (cookie) headers.set("cookie", cookie);
    const response = await fetch(server.url + path, { ...init, headers });
    this.setCookie = response.headers.get("set-cookie") ?? this.setCookie;
    return response;
  }

  /** Begins a conversation, and gives its id. */
  async begin(): Promise<string> {
    const response = await this.request("/conversations", { method: "POST" });
    return (await response.json()).id;
  }

  /** Sends a message: its text, or a whole body. */
  send(id: string, message: unknown, init: RequestInit = {}, server = this.server): Promise<Response> {
    const body = JSON.stringify(typeof message === "string" ? { text: message } : message);
    const headers = { "content-type": "application/json" };
    return this.request(`/conversations/${id}/messages`, { method: "POST", headers, body, ...init }, server);
  }

  /** Sends a message, and waits for all of the answer. */
  async ask(id: string, message: string, server = this.server): Promise<ChatEvent[]> {
    return allOf(eventsOf(await this.send(id, message, {}, server)));
  }

  /** The conversation's session page. */
  async page(id: string): Promise<string> {
    return (await this.request(`/conversations/${id}/session`)).text();
  }
}

/** The events of an answer, as they arrive. */
export async function* eventsOf(response: Response): AsyncGenerator<ChatEvent> {
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split("\n\n");
    rest = events.pop() ?? "";
    for (const each of events) {
      const [, event = "", data = ""] = /^event: (.*)\ndata: (.*)$/.exec(each) ?? [];
      yield { event, data: JSON.parse(data) };
    }
  }
}

/** The events that are still to come, once all are there. */
export async function allOf(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** The text of an answer that came to its end. */
export function textOf(events: readonly ChatEvent[]): string {
  if (events.at(-1)?.event !== "end") throw new Error(`the answer has no end: ${JSON.stringify(events)}`);
  return events.map(({ data }) => data).join("");
}

/** A streamed answer on `/responses` that the test writes, piece by piece. */
export class Reply {
  readonly id = `resp_${randomUUID().replaceAll("-", "")}`;
  isLeft = false;
  private text = "";

  constructor(readonly response: ServerResponse) {
    response.once("close", () => {
      this.isLeft = !response.writableEnded;
    });
  }

  write(delta: string): void {
    if (!this.text) {
      this.begin();
      this.send({ type: "response.output_item.added", output_index: 0, item: this.message([]) });
      this.send({
        type: "response.content_part.added",
        ...AT,
        part: { type: "output_text", text: "", annotations: [] },
      });
    }
    this.text += delta;
    this.send({ type: "response.output_text.delta", ...AT, delta });
  }

  end(): void {
    const { text } = this;
    const output = text ? [this.message([{ type: "output_text", text, annotations: [] }])] : [];
    if (!text) this.begin();
    else this.send({ type: "response.output_item.done", output_index: 0, item: output[0] });
    this.send({ type: "response.completed", response: this.responseOf("completed", output) });
    this.response.end();
  }

  private begin(): void {
    this.response.writeHead(200, { "content-type": "text/event-stream" });
    this.send({ type: "response.created", response: this.responseOf("in_progress", []) });
  }

  private send(event: Json): void {
    this.response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  private message(content: Json[]): Json {
    return { type: "message", id: "msg_1", status: "completed", role: "assistant", content };
  }

  private responseOf(status: string, output: Json[]): Json {
    return { id: this.id, object: "response", created_at: 1, status, model: "gpt-4o", output, usage: null };
  }
}

/** The part of an answer that a test writes. */
const AT = { item_id: "msg_1", output_index: 0, content_index: 0 };
