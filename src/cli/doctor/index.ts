import { SessionLogs } from "../../logs/session_logs.js";
import { SessionLogsError } from "../../logs/session_logs_error.js";
import { formatName, formatUsd, sanitizeLine } from "../../render/format.js";
import { newSessionId } from "../../session/session_id.js";
import type { Command } from "../arguments.js";
import type { Terminal } from "../terminal.js";
import { CALLS, readLog } from "./check_log.js";
import { askProxy, chooseModel, type Probe, type ProbeAnswer, sendCall } from "./probe.js";
import { formatTable, recommend, TRANSPORTS, UNCHECKED } from "./report.js";

/** Checks whether this proxy groups calls into sessions. Returns the exit code. */
export async function doctor(
  { baseURL, model: requestedModel, waitMs }: Extract<Command, { name: "doctor" }>,
  terminal: Terminal,
): Promise<number> {
  const logs = new SessionLogs({ baseURL });
  const printOk = (text: string) => terminal.print(`${terminal.style("ok", "ok")}      ${text}`);
  const printFailed = (text: string) => terminal.print(`${terminal.style("failed", "failed")}  ${text}`);

  const runStep = async <T>(report: (value: T) => string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await run();
      printOk(report(value));
      return value;
    } catch (error) {
      if (!SessionLogsError.isInstance(error)) throw error;
      printFailed(sanitizeLine(error.message));
      return undefined;
    }
  };

  terminal.print(terminal.style("title", `The proxy at ${logs.baseURL}`));
  const proxy = await runStep(
    ({ version }) => (version ? `It is a LiteLLM, version ${formatName(version)}.` : "It is a LiteLLM."),
    () => askProxy(logs.baseURL),
  );
  if (!proxy) return 1;
  const models = await runStep(
    (names) => `The key works: ${names.length} ${names.length === 1 ? "model" : "models"}.`,
    proxy.models,
  );
  if (!models) return 1;
  let canRead = true;
  try {
    await logs.summary(newSessionId()); // No call has this id: only the permission to read matters.
    printOk("The key may read logs.");
  } catch (error) {
    if (!SessionLogsError.isInstance(error)) throw error;
    if (error.code !== "FORBIDDEN") {
      printFailed(sanitizeLine(error.message));
      terminal.print("Not checked: whether sessions group. That takes a look at the log. No calls were sent.");
      return 1;
    }
    terminal.print(`${terminal.style("muted", "note")}    ${sanitizeLine(error.message)}`);
    canRead = false;
  }

  const model = requestedModel ?? chooseModel(models);
  if (model === undefined) {
    printFailed("The proxy lists no model to call: name one with --model.");
    return 1;
  }
  // A name with * stands for many models.
  if (!models.includes(model) && !models.some((name) => name.includes("*"))) {
    const known = models.slice(0, 10).map(formatName).join(", ");
    printFailed(`The key has no model ${formatName(model)}. It has ${known}${models.length > 10 ? ", …" : ""}.`);
    return 1;
  }
  const probes = TRANSPORTS.map((transport): Probe => ({ transport, sessionId: newSessionId(), answers: [] }));
  const count = probes.length * CALLS;
  terminal.print(`\nSends ${count} calls of at most one token each to ${formatName(model)}. Your provider bills them.`);
  for (const [index, probe] of callOrder(probes).entries()) {
    terminal.progress(`Call ${index + 1} of ${count}`);
    const answer = await sendCall(logs.baseURL, model, probe, index);
    probe.answers.push(answer);
    if (index === 0 && answer.error !== undefined) {
      printFailed(`${formatName(model)} did not answer: ${sanitizeLine(answer.error)}`);
      terminal.print("Not checked: whether sessions group. Name another model with --model.");
      return 1;
    }
  }
  terminal.endProgress();
  const answers = probes.flatMap((probe) => probe.answers);
  const version = proxy.version ?? answers.find((answer) => answer.version)?.version;
  if (proxy.version === undefined && version) {
    printOk(`LiteLLM says its version with an answer: ${formatName(version)}.`);
  }

  if (!canRead) {
    terminal.print("\nCould not check whether sessions group. Somebody with an admin's key finds 2 calls in each of:");
    for (const { transport, sessionId } of probes) terminal.print(`${transport.padEnd(10)}${logs.url(sessionId)}`);
    terminal.print(formatCost(answers));
    return 1;
  }
  const findings = await readLog(logs, probes, waitMs, terminal);
  terminal.print(`\n${formatTable(findings, CALLS, version, terminal.style)}\n`);
  terminal.print(recommend(findings));
  terminal.print(formatCost(answers));
  terminal.print(
    "Steps: a model with logSteps writes metadata.spend_logs_metadata.langchain into each row; show draws them.",
  );
  terminal.print(`Not checked: ${UNCHECKED}.`);
  return findings[0]?.verdict === "groups" ? 0 : 1;
}

/**
 * The order of the calls: the default transport first, so that a wrong model fails before the other calls. It is
 * also last, so that its row is the newest.
 */
function callOrder(probes: readonly Probe[]): Probe[] {
  return [...probes, ...[...probes].reverse()];
}

function formatCost(answers: readonly ProbeAnswer[]): string {
  const known = answers.filter(({ costUsd }) => costUsd !== undefined);
  if (known.length === 0) return "The calls' cost: the proxy did not say.";
  const sum = known.reduce((total, { costUsd }) => total + (costUsd ?? 0), 0);
  return `The calls cost ${formatUsd(sum)}, by what the proxy said of ${known.length} of ${answers.length}.`;
}
