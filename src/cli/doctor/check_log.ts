import type { SessionLogs } from "../../logs/session_logs.js";
import { SessionLogsError } from "../../logs/session_logs_error.js";
import type { Terminal } from "../terminal.js";
import { isInAnotherSession, type Probe } from "./probe.js";
import type { Finding } from "./report.js";

/** Number of calls that the doctor sends in each session. */
export const CALLS = 2;

const POLL_MS = 1_000;

/** The time limit of the last round. */
const MIN_ROUND_MS = 5_000;

/**
 * Polls the log until each probe has a verdict, or the time is up. Probes get their verdicts one by one: the
 * workers of a proxy write their rows at different times.
 */
export async function readLog(
  logs: SessionLogs,
  probes: readonly Probe[],
  waitMs: number,
  terminal: Terminal,
): Promise<Finding[]> {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const findings: Finding[] = probes.map(({ transport }) => ({ transport, calls: 0, verdict: undefined }));
  for (;;) {
    const calls = findings.reduce((sum, finding) => sum + finding.calls, 0);
    terminal.progress(
      `Waiting for the log, up to ${Math.round(waitMs / 1_000)} s: ${calls} of ${probes.length * CALLS} calls in their session after ${Math.round(elapsedMs() / 1_000)} s`,
    );
    const notFound = `not in the log after ${waitMs / 1_000} s`;
    let lastError = notFound;
    // Ends a round with a proxy that hangs, but leaves each round the time for some answers.
    const deadline = AbortSignal.timeout(Math.max(MIN_ROUND_MS, Math.ceil(waitMs - elapsedMs())));
    for (const [index, probe] of probes.entries()) {
      if (findings[index]?.verdict !== undefined) continue;
      try {
        findings[index] = await checkProbe(logs, probe, deadline);
      } catch (error) {
        // The proxy may be busy, and answer the next poll.
        if (!SessionLogsError.isInstance(error) && !deadline.aborted) throw error;
        lastError = deadline.aborted ? notFound : (error as Error).message;
      }
    }
    const leftMs = waitMs - elapsedMs();
    if (leftMs <= 0 || findings.every(({ verdict }) => verdict !== undefined)) {
      return findings.map((finding) =>
        finding.verdict === undefined ? { ...finding, verdict: "could not check", reason: lastError } : finding,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, leftMs)));
  }
}

/** Reads the log once. The verdict is undefined as long as calls may still appear in the session. */
async function checkProbe(
  logs: SessionLogs,
  { transport, sessionId, answers }: Probe,
  signal: AbortSignal,
): Promise<Finding> {
  const { calls } = await logs.summary(sessionId, { signal });
  if (calls >= CALLS) return { transport, calls, verdict: "groups" };
  const refusedAnswer = answers.find(({ isRefused }) => isRefused);
  if (refusedAnswer) return { transport, calls, verdict: "does not group", reason: refusedAnswer.error };
  for (const { requestId } of answers) {
    if (requestId !== undefined && (await isInAnotherSession(logs.baseURL, requestId, sessionId, signal))) {
      return { transport, calls, verdict: "does not group" };
    }
  }
  const failedAnswer = answers.find(({ error }) => error !== undefined);
  return { transport, calls, verdict: failedAnswer && "could not check", reason: failedAnswer?.error };
}
