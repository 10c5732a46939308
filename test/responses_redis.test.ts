import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePorts } from "./support/ports.js";
import { hasRedis, startRedis } from "./support/redis.js";
import { asked, inShort } from "./support/responses.js";
import { useGateway } from "./support/session.js";

/** The README's store, in processes that share a real Redis. */
const ROOT = join(import.meta.dirname, "..");
const DIRECTORY = join(ROOT, "test", ".readme_redis");
const STORE = join(DIRECTORY, "redis_store.ts");

const isMissing = !hasRedis();
if (isMissing)
  console.log("skipped: conversations in a real Redis (install redis-server, in Debian a package of that name)");

const gateway = useGateway();

const ID = expect.stringMatching(/^resp_[0-9a-f]{32}$/);

type Redis = RedisClientType;

/** A process of a server, with its own client, model and store. */
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

  static start(redisUrl: string): Worker {
    const worker = join(ROOT, "test", "support", "redis_worker.ts");
    const env = { ...process.env, NODE_OPTIONS: "", REDIS_URL: redisUrl };
    const args = ["--import", "tsx", worker, STORE, gateway.current.url];
    return new Worker(spawn(process.execPath, args, { cwd: ROOT, env }));
  }

  /** Makes a call, and gives the id of its answer. */
  ask(sessionId: string, text: string): Promise<string> {
    const call = ++this.calls;
    const answer = new Promise<string>((resolve) => this.waiting.set(call, resolve));
    this.child.stdin.write(`${JSON.stringify({ call, sessionId, text })}\n`);
    return Promise.race([answer, this.ended]);
  }

  async stop(): Promise<void> {
    this.child.kill();
    await this.ended;
  }
}

describe.skipIf(isMissing)("two processes that share a Redis", () => {
  let port: number;
  let server: Awaited<ReturnType<typeof startRedis>>;
  let workers: [Worker, Worker];

  beforeAll(async () => {
    const readme = await readFile(join(ROOT, "README.md"), "utf8");
    const [, code = ""] = readme.match(/```typescript\n(\/\/ redis_store\.ts\n[\s\S]*?)```/) ?? [];
    await mkdir(DIRECTORY, { recursive: true });
    await writeFile(STORE, code);
    [port = 0] = await freePorts(1);
    server = await startRedis(port);
    workers = [Worker.start(`redis://127.0.0.1:${port}`), Worker.start(`redis://127.0.0.1:${port}`)];
  }, 60_000);

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await server.stop();
    await rm(DIRECTORY, { recursive: true, force: true });
  });

  /** What Redis says of the one entry of a session. */
  async function lookInto<T>(session: string, look: (redis: Redis, key: string) => Promise<T>): Promise<T> {
    const redis: Redis = createClient({ url: `redis://127.0.0.1:${port}` });
    await redis.connect();
    const keys = await redis.keys(`litellm-session:v1:*:${session}`);
    expect(keys).toHaveLength(1);
    const found = await look(redis, keys[0] as string);
    await redis.close();
    return found;
  }

  it("take turns in a session", async () => {
    const [one, other] = workers;
    const ids = [await one.ask("turns", "one"), await other.ask("turns", "two"), await one.ask("turns", "three")];
    expect(ids).toEqual([ID, ID, ID]);
    expect(asked(gateway.current)).toEqual([
      { after: undefined, input: ["user: one"] },
      { after: ids[0], input: ["user: two"] },
      { after: ids[1], input: ["user: three"] },
    ]);
  });

  it("keep sessions apart that they serve in turn and at the same time", async () => {
    const sessions = ["a", "b", "c", "d"];
    const ends = await Promise.all(
      sessions.map(async (session, index) => {
        let id = "";
        for (let turn = 0; turn < 4; turn += 1)
          id = await (workers[(index + turn) % 2] as Worker).ask(session, `${session}${turn}`);
        return id;
      }),
    );
    for (const [index, session] of sessions.entries()) {
      const said = inShort(gateway.current.responses.conversation(ends[index])).filter((item) =>
        item.startsWith("user"),
      );
      expect(said).toEqual([0, 1, 2, 3].map((turn) => `user: ${session}${turn}`));
    }
  });

  it("may answer one session at the same time: what is there then is one of the answers", async () => {
    const [one, other] = workers;
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).ask("busy", `${index}`)),
    );
    expect(ids).toEqual(ids.map(() => ID));
    const entry = JSON.parse(String(await lookInto("busy", (redis, key) => redis.get(key))));
    expect(entry).toEqual({ id: expect.any(String), model: "gpt-4o", pendingCalls: [] });
    expect(ids).toContain(entry.id);
    await other.ask("busy", "next");
    expect(asked(gateway.current).at(-1)).toEqual({ after: entry.id, input: ["user: next"] });
  });

  it("forget a session that has expired, and put off its end with each answer", async () => {
    const [one, other] = workers;
    const week = 7 * 24 * 60 * 60;
    await one.ask("old", "one");
    await lookInto("old", (redis, key) => redis.expire(key, 100));
    await other.ask("old", "two");
    expect(await lookInto("old", (redis, key) => redis.ttl(key))).toBeGreaterThan(week - 100);
    await lookInto("old", (redis, key) => redis.pExpire(key, 1));
    await sleep(20);
    await one.ask("old", "three");
    expect(asked(gateway.current).map(({ after }) => after)).toEqual([undefined, ID, undefined]);
    expect(workers.map(({ stderr }) => stderr)).toEqual(["", ""]);
  });

  it("go on without Redis, say so, and use it again when it is back", async () => {
    const [one, other] = workers;
    await one.ask("away", "one");
    await server.stop();
    expect([await one.ask("away", "two"), await other.ask("away", "three")]).toEqual([ID, ID]);
    expect(
      asked(gateway.current)
        .slice(1)
        .map(({ after }) => after),
    ).toEqual([undefined, undefined]);
    for (const { stderr } of workers) {
      expect(stderr).toMatch(/responseStore could not be read, so this call starts afresh \(\w+\)/);
      expect(stderr).toMatch(
        /responseStore could not be written, so the next call will not continue this answer \(\w+\)/,
      );
    }
    server = await startRedis(port);
    await vi.waitFor(
      async () => {
        await one.ask("back", "one");
        await other.ask("back", "two");
        expect(asked(gateway.current).at(-1)?.after).toEqual(ID);
      },
      { timeout: 15_000, interval: 100 },
    );
  });
});
