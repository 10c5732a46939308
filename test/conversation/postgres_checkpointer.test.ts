import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sentTurns, summarizeItems } from "../support/conversation.js";
import { hasPostgres, type Postgres, startPostgres } from "../support/postgres.js";
import type { Command } from "../support/postgres_worker.js";
import { sessionOf, sessions, useGateway } from "../support/sessions.js";

const ROOT = join(import.meta.dirname, "..", "..");

const gateway = useGateway();

const ID = expect.stringMatching(/^resp_[0-9a-f]{32}$/);

/** A process of a server, with a model and a checkpointer of its own. */
class Worker {
  stderr = "";
  private calls = 0;
  private readonly waiting = new Map<number, (answer: string) => void>();
  private readonly ended: Promise<string>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { call, answer } = JSON.parse(line);
      this.waiting.get(call)?.(answer);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    child.stdin.on("error", () => {});
    this.ended = new Promise((resolve) => {
      child.once("exit", (code) => resolve(`the process ended with ${code}: ${this.stderr}`));
    });
  }

  /** Starts a process and waits until it reads commands. */
  static async start(databaseUrl: string): Promise<Worker> {
    const worker = join(ROOT, "test", "support", "postgres_worker.ts");
    const env = { ...process.env, NODE_OPTIONS: "", DATABASE_URL: databaseUrl };
    const args = ["--import", "tsx", worker, gateway.current.url];
    const started = new Worker(spawn(process.execPath, args, { cwd: ROOT, env }));
    const said = await started.answerTo(0);
    if (said !== "ready") throw new Error(said);
    return started;
  }

  /** Gives the id of the thread's last answer. */
  run(command: Command): Promise<string> {
    const call = ++this.calls;
    this.child.stdin.write(`${JSON.stringify({ call, ...command })}\n`);
    return this.answerTo(call);
  }

  /** A turn of an agent without tools. */
  ask(thread: string, text: string): Promise<string> {
    return this.run({ thread, agent: "plain", text });
  }

  async stop(): Promise<void> {
    this.child.kill();
    await this.ended;
  }

  private answerTo(call: number): Promise<string> {
    return Promise.race([new Promise<string>((resolve) => this.waiting.set(call, resolve)), this.ended]);
  }
}

describe.runIf(hasPostgres("conversations of two processes over a real Postgres"))(
  "over a Postgres checkpointer",
  () => {
    let postgres: Postgres;
    let workers: [Worker, Worker];

    beforeAll(async () => {
      postgres = await startPostgres();
      const checkpointer = PostgresSaver.fromConnString(postgres.url);
      await checkpointer.setup();
      await checkpointer.end();
      workers = await Promise.all([Worker.start(postgres.url), Worker.start(postgres.url)]);
    }, 60_000);

    afterAll(async () => {
      await Promise.all(workers?.map((worker) => worker.stop()) ?? []);
      await postgres?.stop();
    });

    it("a model sends only the new message after the other process's answer, when two processes take turns", async () => {
      const [one, other] = workers;
      const ids = [await one.ask("turns", "one"), await other.ask("turns", "two"), await one.ask("turns", "three")];
      expect(ids).toEqual([ID, ID, ID]);
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: one"] },
        { previousResponseId: ids[0], input: ["user: two"] },
        { previousResponseId: ids[1], input: ["user: three"] },
      ]);
      expect(sessions(gateway.current)).toEqual(["turns", "turns", "turns"]);
      expect(workers.map(({ stderr }) => stderr)).toEqual(["", ""]);
    });

    it("threads stay apart, each in the session of its id, when two processes serve them at the same time", async () => {
      const threads = ["a", "b", "c", "d"];
      const ends = await Promise.all(
        threads.map(async (thread, index) => {
          let id = "";
          for (let turn = 0; turn < 4; turn += 1) {
            id = await (workers[(index + turn) % 2] as Worker).ask(thread, `${thread}${turn}`);
          }
          return id;
        }),
      );
      for (const [index, thread] of threads.entries()) {
        const turns = [0, 1, 2, 3].map((turn) => `user: ${thread}${turn}`);
        const items = summarizeItems(gateway.current.responses.conversation(ends[index]));
        expect(items.filter((item) => item.startsWith("user"))).toEqual(turns);
        const requests = gateway.current.requests.filter((request) => sessionOf(request) === thread);
        expect(requests.map(({ body }) => summarizeItems(body.input as [])[0])).toEqual(turns);
        expect(requests.map(({ body }) => (body.input as []).length)).toEqual([1, 1, 1, 1]);
      }
    });

    it("an agent sends a tool's output alone, when the other process asks the next question", async () => {
      const [one, other] = workers;
      const ids = [
        await one.run({ thread: "tools", agent: "weather", text: "Oslo?" }),
        await other.run({ thread: "tools", agent: "weather", text: "And Rome?" }),
      ];
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: Oslo?"] },
        { previousResponseId: ID, input: ["output: sunny in text"] },
        { previousResponseId: ids[0], input: ["user: And Rome?"] },
        { previousResponseId: ID, input: ["output: sunny in text"] },
      ]);
      expect(sessions(gateway.current)).toEqual(Array(4).fill("tools"));
    });

    it("an agent sends a tool's output alone, when the other process runs the tool after an interrupt", async () => {
      const [one, other] = workers;
      const call = await one.run({ thread: "interrupt", agent: "weather", text: "Oslo?", isInterrupted: true });
      await other.run({ thread: "interrupt", agent: "weather" });
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: Oslo?"] },
        { previousResponseId: call, input: ["output: sunny in text"] },
      ]);
      expect(sessions(gateway.current)).toEqual(["interrupt", "interrupt"]);
    });

    it("a model sends the whole history once, when the other process has edited it", async () => {
      const [one, other] = workers;
      await one.ask("edited", "I am Anne");
      await other.run({ thread: "edited", redactTo: "I am [redacted]" });
      const whole = await one.ask("edited", "Who am I?");
      await other.ask("edited", "And now?");
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: I am Anne"] },
        {
          previousResponseId: undefined,
          input: ["user: I am [redacted]", "assistant: reply to 1 messages", "user: Who am I?"],
        },
        { previousResponseId: whole, input: ["user: And now?"] },
      ]);
    });

    it("a model sends the summary and what follows it, when the other process has summarized the history", async () => {
      const [one, other] = workers;
      for (const text of ["one", "two"]) await one.run({ thread: "summary", agent: "summarizing", text });
      const whole = await other.run({ thread: "summary", agent: "summarizing", text: "three" });
      await one.run({ thread: "summary", agent: "summarizing", text: "four" });
      const [first, second, , third, fourth] = sentTurns(gateway.current);
      expect([first, second]).toEqual([
        { previousResponseId: undefined, input: ["user: one"] },
        { previousResponseId: ID, input: ["user: two"] },
      ]);
      expect(gateway.current.requests[2]?.path).toBe("/chat/completions"); // The summary's model has its own endpoint.
      expect(sessions(gateway.current)).toEqual(Array(5).fill("summary"));
      expect(third).toEqual({
        previousResponseId: undefined,
        input: [expect.stringMatching(/^user: Here is a summary of the conversation/), "user: three"],
      });
      expect(fourth).toEqual({ previousResponseId: whole, input: ["user: four"] });
    });

    it("a model sends the whole history of the checkpoint, when the provider no longer has the answer", async () => {
      const [one, other] = workers;
      await one.ask("forgotten", "one");
      gateway.current.failNext(400, {
        message: "Previous response not found.",
        type: "invalid_request_error",
        param: "previous_response_id",
        code: "previous_response_not_found",
      });
      expect(await other.ask("forgotten", "two")).toEqual(ID);
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: one"] },
        { previousResponseId: ID, input: ["user: two"] },
        { previousResponseId: undefined, input: ["user: one", "assistant: reply to 1 messages", "user: two"] },
      ]);
    });
  },
);
