import { isDeepStrictEqual } from "node:util";
import { Gateway } from "../support/gateway/server.js";
import { sessions } from "../support/sessions.js";
import type { Installed } from "./install.js";

/** The sessions of the requests that `check.mjs` makes, in order. */
const SESSIONS = ["call", "stream", "bound", "handler", "wrapper", "wrapper", "streamed"];

/** A runtime with some peers. */
export interface Runtime {
  readonly name: string;
  readonly peers: Installed;
  readonly run: Launch;
  /** The sessions that arrive, in any order, of a runtime that does not run `check.mjs`. */
  readonly sessions?: readonly string[];
}

/**
 * Runs `check` of `check.mjs` in a runtime. Returns its version. `arrived` counts the requests so far.
 * @throws the error of the check.
 */
export type Launch = (project: string, baseURL: string, arrived: () => number) => Promise<string>;

/** A row of the table, and its failure. */
export interface Checked extends Record<string, string> {
  readonly problem: string;
}

/** Runs a runtime against a new gateway, and compares the sessions that arrive. */
export async function check({ name, peers, run, sessions: anyOrder }: Runtime): Promise<Checked> {
  const gateway = await Gateway.start();
  const startMs = performance.now();
  let version = "";
  let problem = "";
  try {
    version = await run(peers.directory, gateway.url, () => gateway.requests.length);
    const arrived = anyOrder ? sessions(gateway).sort() : sessions(gateway);
    const expected = anyOrder ? [...anyOrder].sort() : SESSIONS;
    if (!isDeepStrictEqual(arrived, expected)) problem = `sessions: ${JSON.stringify(arrived)}`;
    if (gateway.unexpected.length > 0) problem = gateway.unexpected.join(", ");
  } catch (error) {
    problem = String(error instanceof Error ? error.message : error);
  }
  await gateway.stop();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  return { runtime: name, version, ...peers.versions, result: problem ? "failed" : "passed", seconds, problem };
}
