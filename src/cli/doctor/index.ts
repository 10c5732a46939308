import { SessionLogs } from "../../logs/session_logs.js";
import { SessionLogsError } from "../../logs/session_logs_error.js";
import { formatUsd, sanitizeLine } from "../../render/format.js";
import { newSessionId } from "../../session/session_id.js";
import type { Command } from "../arguments.js";
import type { Terminal } from "../terminal.js";
import { CALLS, readLog } from "./check_log.js";
import { askProxy, chooseModel, type Probe, type ProbeAnswer, sendCall } from "./probe.js";
import { adviceOf, TRANSPORTS, table, UNCHECKED } from "./report.js";

/** Finds out whether sessions group on this proxy. Returns the exit code. */
export async function doctor(
  { baseURL, model: wanted, waitMs }: Extract<Command, { name: "doctor" }>,
  terminal: Terminal,
): Promise<number> {
  const logs = new SessionLogs({ baseURL });
  const ok = (text: string) => terminal.print(`${terminal.style("ok", "ok")}      ${text}`);
  const failed = (text: string) => terminal.print(`${terminal.style("failed", "failed")}  ${text}`);

  const step = async <T>(what: (value: T) => string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await run();
      ok(what(value));
      return value;
    } catch (error) {
      if (!SessionLogsError.isInstance(error)) throw error;
      failed(sanitizeLine(error.message));
      return undefined;
    }
  };

  terminal.print(terminal.style("title", `The proxy at ${logs.baseURL}`));
  const proxy = await step(
    ({ version }) => (version ? `It is a LiteLLM, version ${sanitizeLine(version)}.` : "It is a LiteLLM."),
    () => askProxy(logs.baseURL),
  );
  if (!proxy) return 1;
  const models = await step(
    (names) => `The key works: ${names.length} ${names.length === 1 ? "model" : "models"}.`,
    proxy.models,
  );
  if (!models) return 1;
  const empty = await step(
    () => "The key may read logs.",
    () => logs.summary(newSessionId()),
  );
  if (!empty) {
    terminal.print("Not checked: whether sessions group. That takes a look at the log. No calls were sent.");
    return 1;
  }

  const model = wanted ?? chooseModel(models);
  if (model === undefined) {
    failed("The proxy lists no model to call: name one with --model.");
    return 1;
  }
  const probes = TRANSPORTS.map((transport): Probe => ({ transport, sessionId: newSessionId(), answers: [] }));
  const count = probes.length * CALLS;
  terminal.print(
    `\nSends ${count} calls of at most one token each to ${sanitizeLine(model)}. Your provider bills them.`,
  );
  for (const [index, probe] of callOrder(probes).entries()) {
    terminal.progress(`Call ${index + 1} of ${count}`);
    const answer = await sendCall(logs.baseURL, model, probe, index);
    probe.answers.push(answer);
    if (index === 0 && answer.error !== undefined) {
      failed(`${sanitizeLine(model)} did not answer: ${sanitizeLine(answer.error)}`);
      terminal.print("Not checked: whether sessions group. Name another model with --model.");
      return 1;
    }
  }
  terminal.endProgress();
  const answers = probes.flatMap((probe) => probe.answers);
  const version = proxy.version ?? answers.find((answer) => answer.version)?.version;
  if (proxy.version === undefined && version) ok(`LiteLLM says its version with an answer: ${sanitizeLine(version)}.`);

  const findings = await readLog(logs, probes, waitMs, terminal);
  terminal.print(`\n${table(findings, CALLS, terminal.style)}\n`);
  terminal.print(adviceOf(findings));
  terminal.print(costLine(answers));
  terminal.print(`Not checked: ${UNCHECKED}.`);
  return findings[0]?.verdict === "groups" ? 0 : 1;
}

/** The default first, so that a model that can't be called costs one try, and last, so that its rows come last. */
function callOrder(probes: readonly Probe[]): Probe[] {
  return [...probes, ...[...probes].reverse()];
}

function costLine(answers: readonly ProbeAnswer[]): string {
  const known = answers.filter(({ costUsd }) => costUsd !== undefined);
  if (known.length === 0) return "The calls' cost: the proxy did not say.";
  const sum = known.reduce((total, { costUsd }) => total + (costUsd ?? 0), 0);
  return `The calls cost ${formatUsd(sum)}, by what the proxy said of ${known.length} of ${answers.length}.`;
}
