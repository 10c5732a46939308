import { type ChildProcess, fork } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { collectGarbage } from "./collect_garbage.js";

/** Where the provider answers: in this process, or in a child process over the network. */
export type Place = "process" | "network";

/** Something to measure against something that does the same. */
export interface Duel {
  readonly work: string;
  readonly rival: string;
  /** The most that ours may cost, as a share of the rival's. Undefined for a place: only reported there. */
  readonly limit?: Readonly<Partial<Record<Place, number>>>;
  /** The only place where the duel tells something. Default: both. */
  readonly only?: Place;
  /** What is measured. Default: CPU time of this process. */
  readonly clock?: "cpu" | "wall";
  /** How often each is run for one measurement over the network. */
  readonly times: number;
  readonly ours: () => unknown;
  readonly theirs: () => unknown;
}

/** The median of some numbers, and their quartiles. */
export interface Quartiles {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** How the duels of a place are measured, and which of the quartiles a limit holds for. */
interface Method {
  /** The least number of pairs. */
  readonly pairs: number;
  /** The least wall time of all pairs. */
  readonly durationMs: number;
  /** How much shorter a measurement is than over the network. */
  readonly divisor: number;
  readonly judged: keyof Quartiles;
}

const PAIRS = process.env.BENCH_PAIRS;

const methods: Readonly<Record<Place, Method>> = {
  // Many short pairs of a few milliseconds: another process then disturbs few pairs, and the median drops those.
  // Cheap calls get more pairs: 400 of them take a second, which one disturbance may fill.
  process: { pairs: Number(PAIRS ?? 400), durationMs: PAIRS ? 0 : 8_000, divisor: 16, judged: "median" },
  // A socket's noise moves the median by more than a session costs, so only a clear excess fails.
  network: { pairs: Number(PAIRS ?? 60), durationMs: 0, divisor: 1, judged: "lower" },
};

const clocks = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  wall: () => performance.now() * 1_000,
};

/** Ratios of ours to the rival's. Both alternate, each first in every other pair, so that a drift hits both alike. */
async function compare(duel: Duel, { pairs, durationMs, divisor }: Method): Promise<Quartiles> {
  const clock = clocks[duel.clock ?? "cpu"];
  const times = Math.ceil(duel.times / divisor);
  const once = async (run: () => unknown) => {
    // Tasks and garbage that the run before left behind would count for this run.
    await setImmediate();
    collectGarbage({ type: "minor" });
    const before = clock();
    for (let i = 0; i < times; i += 1) await run();
    return clock() - before;
  };
  for (let i = 0; i < 4 * divisor; i += 1) {
    await once(duel.ours);
    await once(duel.theirs);
  }
  const ratios: number[] = [];
  const end = performance.now() + durationMs;
  for (let pair = 0; pair < pairs || performance.now() < end; pair += 1) {
    if (pair % 2 === 0) {
      const mine = await once(duel.ours);
      ratios.push(mine / (await once(duel.theirs)));
    } else {
      const rival = await once(duel.theirs);
      ratios.push((await once(duel.ours)) / rival);
    }
  }
  return quartiles(ratios);
}

export function quartiles(numbers: readonly number[]): Quartiles {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] as number;
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}

/** Runs the duels that make sense in a place and prints them as a table. Answers whether each stayed within its limit. */
export async function runDuels(duels: readonly Duel[], place: Place): Promise<boolean> {
  const method = methods[place];
  const rows = [];
  for (const duel of duels) {
    if (duel.only !== undefined && duel.only !== place) continue;
    const ratio = await compare(duel, method);
    const limit = duel.limit?.[place];
    rows.push({
      work: duel.work,
      rival: duel.rival,
      ...printed("ours / rival", ratio, 3),
      limit: limit?.toFixed(2) ?? "",
      "": limit === undefined ? "" : ratio[method.judged] > limit ? "FAILED" : "ok",
    });
  }
  console.table(rows);
  return rows.every((row) => row[""] !== "FAILED");
}

/** Two columns of a table: the median under `name`, and the quartiles. */
export function printed(name: string, { median, lower, upper }: Quartiles, digits: number): Record<string, string> {
  return { [name]: median.toFixed(digits), quartiles: `${lower.toFixed(digits)} … ${upper.toFixed(digits)}` };
}

/** Starts a provider. Answers its base URL and how to end it. */
export async function startServer(module = "./server.js"): Promise<{ baseURL: string; stop: () => void }> {
  const child: ChildProcess = fork(fileURLToPath(new URL(module, import.meta.url)));
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve(message as number));
    child.once("exit", (code) => reject(new Error(`the provider ended with ${code}`)));
  });
  return { baseURL: `http://127.0.0.1:${port}/v1`, stop: () => child.kill() };
}
