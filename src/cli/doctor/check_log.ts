import type { SessionLogs } from "../../logs/session_logs.js";
import { SessionLogsError } from "../../logs/session_logs_error.js";
import type { Terminal } from "../terminal.js";
import { isElsewhere, type Probe } from "./probe.js";
import type { Finding } from "./report.js";

/** How many calls each session has. */
export const CALLS = 2;

const POLL_MS = 1_000;

/**
 * What the log has of each session, once that is certain or the time is up. Each is waited for by
 * itself: the workers of a proxy write their rows each at a time of its own.
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
    let trouble = `not in the log after ${waitMs / 1_000} s`;
    for (const [index, probe] of probes.entries()) {
      if (findings[index]?.verdict !== undefined) continue;
      try {
        findings[index] = await look(logs, probe);
      } catch (error) {
        // A proxy that is too busy to answer may answer the next time.
        if (!SessionLogsError.isInstance(error)) throw error;
        trouble = error.message;
      }
    }
    const leftMs = waitMs - elapsedMs();
    if (leftMs <= 0 || findings.every(({ verdict }) => verdict !== undefined)) {
      return findings.map((finding) =>
        finding.verdict === undefined ? { ...finding, verdict: "could not check", why: trouble } : finding,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, leftMs)));
  }
}

/** One look at a session. There is no verdict as long as its calls may still come. */
async function look(logs: SessionLogs, { transport, sessionId, answers }: Probe): Promise<Finding> {
  const { calls } = await logs.summary(sessionId);
  if (calls >= CALLS) return { transport, calls, verdict: "groups" };
  const refused = answers.find(({ isRefused }) => isRefused);
  if (refused) return { transport, calls, verdict: "does not group", why: refused.error };
  for (const { requestId } of answers) {
    if (requestId !== undefined && (await isElsewhere(logs.baseURL, requestId, sessionId))) {
      return { transport, calls, verdict: "does not group" };
    }
  }
  const failed = answers.find(({ error }) => error !== undefined);
  return { transport, calls, verdict: failed && "could not check", why: failed?.error };
}
