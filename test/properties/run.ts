import { setMaxListeners } from "node:events";
import {
  SessionCallbackHandler,
  SessionChatOpenAI,
  type SessionChatOpenAIFields,
  SessionIdError,
} from "../../src/index.js";
import type { Gateway } from "../support/gateway/server.js";
import { connection } from "../support/sessions.js";
import { Builder } from "./build.js";
import { echo } from "./echo_path.js";
import { Ledger, Ledgers } from "./ledger.js";
import { type LeafPlan, type ModelPlan, numbered, type ProgramPlan, type RootPlan } from "./plan.js";
import { predict } from "./reference.js";

/** Constructs the models of a program: `SessionChatOpenAI`, or a mutant of it. */
export type MakeModel = (fields: SessionChatOpenAIFields) => SessionChatOpenAI;

/** The time limit of a program. */
const LIMIT_MS = 20_000;

/** Runs programs against a gateway and reports requests with a wrong id. */
export class Programs {
  private readonly ledgers: Ledgers;

  private readonly leaves = new Map<string, LeafPlan>();

  private count = 0;

  constructor(
    private readonly gateway: Gateway,
    private readonly makeModel: MakeModel = (fields) => new SessionChatOpenAI(fields),
  ) {
    this.ledgers = new Ledgers(gateway);
    gateway.respond(echo((message) => this.leaves.get(message.split(" ", 2).join(" "))));
  }

  /**
   * How many programs with faults did not end. LangChain itself hangs on a few: with ChatOpenAI's own
   * methods and inner models too, where under `streamEvents` one branch of a streamed parallel is cut
   * while others wait in the queue.
   */
  hung = 0;

  /** Number of compared requests. */
  get requests(): number {
    return this.ledgers.requests;
  }

  /** Runs one program. @throws if a request carried another id than predicted, or did not arrive. */
  async run(plan: ProgramPlan): Promise<void> {
    const program = numbered(plan);
    const tag = `t${++this.count}`;
    const isCalm = this.note(program, tag);
    const predictions = predict(program);
    const models = program.models.map((model) => this.model(model));
    const builder = new Builder(models, tag);
    const ledger = new Ledger(program, predictions, (made) => {
      const [kind, name = ""] = made.split(":");
      return kind === "model" ? [models[Number(name)]?.sessionId] : (builder.told.get(Number(name.slice(1))) ?? []);
    });
    this.ledgers.add(tag, ledger);

    const failed = await within(LIMIT_MS, Promise.all(program.roots.map((root) => call(builder, root))));
    if (!failed && isCalm) throw new Error(`did not end within ${LIMIT_MS} ms\n${JSON.stringify(program)}`);
    if (!failed) this.hung += 1;
    const errors = [...(failed ?? []), ...builder.caught];
    const hasFailed = errors.some((error) => error !== undefined);
    await this.settle(isCalm && !hasFailed ? 0 : 12);
    const strays = this.ledgers.takeStrays();
    if (isCalm && !hasFailed) strays.push(...ledger.missing.map((key) => `${tag}: ${key} did not arrive`));
    // After a wrong id, later requests may be wrong too.
    const [unexpected] = errors.filter((error) => SessionIdError.isInstance(error) || (isCalm && isUnplanned(error)));
    if (strays.length === 0 && unexpected === undefined) return;
    if (unexpected !== undefined)
      strays.push(`unexpected: ${unexpected instanceof Error ? unexpected.stack : unexpected}`);
    throw new Error([...strays, JSON.stringify(program)].join("\n"), { cause: unexpected });
  }

  /** Waits until the requests that a failed branch left running have arrived. */
  private async settle(ms: number): Promise<void> {
    let before: number;
    do {
      before = this.ledgers.book();
      await new Promise((resolve) => setTimeout(resolve, ms));
    } while (this.ledgers.book() !== before);
  }

  /** Stores the leaves for the gateway's answers. Returns whether every predicted request must arrive. */
  private note(program: ProgramPlan, tag: string): boolean {
    let isCalm = true;
    let hasBatch = false;
    let hasRetriedFallback = false;
    this.leaves.clear();
    JSON.stringify(program, (_key, value) => {
      if (value?.kind === "model") this.leaves.set(`${tag} m${value.id}`, value);
      if (value?.faults?.length > 0 || value?.abortMs !== undefined || value?.way === "leave") isCalm = false;
      if (value?.way === "batch") hasBatch = true;
      const isRetry = value?.kind === "retry" || value?.attempts === "retry";
      if (isRetry && /"(kind|attempts)":"fallback"/.test(JSON.stringify(value))) hasRetriedFallback = true;
      return value;
    });
    // LangChain's batch of a retry around a fallback fails: "Not implemented", and what follows from that.
    return isCalm && !(hasBatch && hasRetriedFallback);
  }

  private model({ environment, handler, ...fields }: ModelPlan): SessionChatOpenAI {
    if (environment !== undefined) process.env.LITELLM_SESSION_ID = environment;
    try {
      const callbacks =
        handler === undefined ? {} : { callbacks: [new SessionCallbackHandler({ sessionId: handler })] };
      return this.makeModel({ ...connection(this.gateway), ...fields, ...callbacks });
    } finally {
      delete process.env.LITELLM_SESSION_ID;
    }
  }
}

/** Calls a root. Returns its error. */
async function call(builder: Builder, { site, abortMs }: RootPlan): Promise<unknown> {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const timer = abortMs === undefined ? undefined : setTimeout(() => controller.abort(), abortMs);
  try {
    await builder.site(site)("p", undefined, abortMs === undefined ? undefined : controller.signal);
    return undefined;
  } catch (error) {
    return error ?? new Error("rejected without an error");
  } finally {
    clearTimeout(timer);
  }
}

/** Planned errors are those of the plan, and LangChain's aborts because of them. */
function isUnplanned(error: unknown): boolean {
  return error !== undefined && !(error instanceof Error && /planned|abort/i.test(error.message));
}

/** The value of a promise, or undefined after the time limit. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

/** Skips LangChain's delays before a retry. Returns a function that undoes it. */
export function hurryRetries(): () => void {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((callback: () => void, ms = 0, ...rest: []) =>
    setTimeout(callback, ms >= 1_000 && ms <= 8_000 ? 0 : ms, ...rest)) as typeof setTimeout;
  return () => {
    globalThis.setTimeout = setTimeout;
  };
}
