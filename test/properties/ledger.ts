import type { Gateway, GatewayRequest } from "../support/gateway/server.js";
import { messageOf } from "./echo_path.js";
import type { ProgramPlan } from "./plan.js";
import type { Prediction } from "./reference.js";
import type { Expected } from "./reference_config.js";

/** Ids that a header can hold. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** Compares the requests of one program with their predictions. */
export class Ledger {
  readonly strays: string[] = [];

  private readonly arrived = new Set<string>();

  /** The ids that were generated at run time, by their owner, and the reverse. */
  private readonly made = new Map<string, string>();

  private readonly madeFor = new Map<string, string>();

  constructor(
    readonly program: ProgramPlan,
    private readonly predictions: ReadonlyMap<string, Prediction>,
    /** The candidates for a generated id: those that a wrapper passed to onSession, or a model's. */
    private readonly candidates: (made: string) => readonly unknown[],
  ) {}

  /** The calls whose requests had to arrive but did not. */
  get missing(): string[] {
    return [...this.predictions].flatMap(([key, { isCertain }]) => (isCertain && !this.arrived.has(key) ? [key] : []));
  }

  arrive(request: GatewayRequest): void {
    const [, leaf = "", path = ""] = messageOf(request.body).split(" ");
    const key = [leaf, ...(path.match(/\bs\d+\.\d+/g) ?? [])].join(" ");
    this.arrived.add(key);
    const prediction = this.predictions.get(key);
    const problem = prediction ? this.compare(request, prediction.expected, path) : "not predicted";
    if (problem) this.strays.push(`${key} (${path}): ${problem}`);
  }

  private compare({ body, headers }: GatewayRequest, expected: Expected, path: string): string | undefined {
    const id = body.litellm_session_id;
    const header = headers["x-litellm-session-id"];
    if (body.litellm_trace_id !== id) return `session ${id}, but trace ${body.litellm_trace_id}`;
    if (header !== (typeof id === "string" && HEADER_VALUE.test(id) ? id : undefined))
      return `${id}, but header ${header}`;
    if (expected === undefined || !/^(fresh|model):/.test(expected)) {
      return id === expected ? undefined : `expected ${expected}, was ${id}`;
    }
    const found = this.candidates(expected).includes(id);
    if (typeof id !== "string" || !found) return `expected one of ${expected}, was ${id}`;
    const wrapper = /^fresh:(w\d+)/.exec(expected)?.[1];
    const owner = wrapper ? path.slice(0, path.indexOf(`/${wrapper}~`)) + wrapper : expected;
    const [known, knownOwner] = [this.made.get(owner) ?? id, this.madeFor.get(id) ?? owner];
    this.made.set(owner, id);
    this.madeFor.set(id, owner);
    if (known !== id) return `expected ${known}, as before in ${owner}, was ${id}`;
    return knownOwner === owner ? undefined : `the id of ${owner} is that of ${knownOwner}`;
  }
}

/** All ledgers of a gateway: a request may arrive after its program has ended. */
export class Ledgers {
  requests = 0;

  private readonly open = new Map<string, Ledger>();

  constructor(private readonly gateway: Gateway) {}

  add(tag: string, ledger: Ledger): void {
    this.open.set(tag, ledger);
    const [oldest] = this.open.keys();
    if (this.open.size > 50 && oldest !== undefined) this.open.delete(oldest);
  }

  /** Assigns every new request to its ledger. Returns the number of all requests. */
  book(): number {
    for (const request of this.gateway.requests.splice(0)) {
      this.requests += 1;
      const tag = messageOf(request.body).split(" ", 1)[0] ?? "";
      this.open.get(tag)?.arrive(request);
    }
    return this.requests;
  }

  /** The wrong requests of all programs, once each, with their programs. */
  takeStrays(): string[] {
    return [...this.open].flatMap(([tag, { strays, program }]) =>
      strays.length > 0 ? [...strays.splice(0).map((stray) => `${tag}: ${stray}`), JSON.stringify(program)] : [],
    );
  }
}
