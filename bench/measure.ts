import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Something to measure against something that does the same. */
export interface Duel {
  readonly work: string;
  readonly rival: string;
  /** The most that ours may cost, as a share of the rival's. Undefined: only reported. */
  readonly limit?: number;
  /** What is measured. Default: CPU time of this process. */
  readonly clock?: "cpu" | "wall";
  /** How often each is run for one measurement. */
  readonly times: number;
  readonly ours: () => unknown;
  readonly theirs: () => unknown;
}

/** Ratios of ours to the rival's: median and quartiles of all pairs. */
export interface Ratio {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

const PAIRS = Number(process.env.BENCH_PAIRS ?? 60);

const clocks = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  wall: () => performance.now() * 1_000,
};

/** Runs both in alternation, each going first in every other pair, so that what the machine does else hits both. */
export async function compare({ ours, theirs, times, clock = "cpu" }: Duel): Promise<Ratio> {
  const once = async (run: () => unknown) => {
    const before = clocks[clock]();
    for (let i = 0; i < times; i += 1) await run();
    return clocks[clock]() - before;
  };
  for (let i = 0; i < 4; i += 1) {
    await once(ours);
    await once(theirs);
  }
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    if (pair % 2 === 0) {
      const mine = await once(ours);
      ratios.push(mine / (await once(theirs)));
    } else {
      const rival = await once(theirs);
      ratios.push((await once(ours)) / rival);
    }
  }
  ratios.sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.floor((ratios.length - 1) * share)] as number;
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}

/** Runs duels and prints them as a table. Answers whether each stayed within its limit: its lower quartile counts. */
export async function runDuels(duels: readonly Duel[]): Promise<boolean> {
  const rows = [];
  let isWithin = true;
  for (const duel of duels) {
    const { median, lower, upper } = await compare(duel);
    const fails = duel.limit !== undefined && lower > duel.limit;
    if (fails) isWithin = false;
    rows.push({
      work: duel.work,
      rival: duel.rival,
      "ours / rival": median.toFixed(3),
      quartiles: `${lower.toFixed(3)} … ${upper.toFixed(3)}`,
      limit: duel.limit?.toFixed(2) ?? "",
      "": duel.limit === undefined ? "" : fails ? "FAILED" : "ok",
    });
  }
  console.table(rows);
  return isWithin;
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
