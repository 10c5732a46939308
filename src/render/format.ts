import { cutText } from "../utils/error_text.js";
import type { SessionSummary } from "../utils/session_sums.js";

/** A duration: `870 ms`, `1.25 s`, `2m 5s`, `3h 20m`. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
}

/** Dollars with two digits after the point. Below 10 cents, with two significant digits: `$0.00021`. */
export function formatUsd(usd: number | undefined): string {
  if (usd === undefined) return "–";
  if (usd === 0) return "$0";
  if (usd > 0 && usd < 1e-6) return "<$0.000001";
  const digits = Math.max(2, Math.min(6, 1 - Math.floor(Math.log10(Math.abs(usd)))));
  return `$${usd.toFixed(digits)}`;
}

/** A number of tokens or calls: `1,234`. */
export function formatCount(count: number | undefined): string {
  return count === undefined ? "–" : count.toLocaleString("en-US");
}

/** The sums of a session, one phrase each: `3 calls, 1 failed`. */
export function formatSums(summary: SessionSummary): string[] {
  const { calls, failures, inputTokens, outputTokens, costUsd, totalMs, wallMs } = summary;
  const failureCount = failures > 0 ? `, ${formatCount(failures)} failed` : "";
  return [
    `${formatCount(calls)} ${calls === 1 ? "call" : "calls"}${failureCount}`,
    `${formatCount(inputTokens)} tokens in, ${formatCount(outputTokens)} out`,
    costUsd === undefined ? "cost unknown" : formatUsd(costUsd),
    `${formatMs(wallMs)} in all, ${formatMs(totalMs)} in calls`,
  ];
}

/**
 * Puts a text from the proxy or a model on one line. Replaces control characters, which a terminal would obey,
 * format characters, which can reverse the text after them, and lone surrogates.
 */
export function sanitizeLine(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\ufffd");
}

/** A name or a version of the proxy in a message: on one line, and cut. */
export function formatName(name: string): string {
  return cutText(sanitizeLine(name), 100);
}
