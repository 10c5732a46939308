import { cutText } from "../utils/error_text.js";
import type { RunView, SessionView } from "./session_view.js";

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

/** A cost in a column: four places, so that the points are below each other. Empty if it is unknown. */
export function formatCost(usd: number | undefined): string {
  if (usd === undefined) return "";
  return usd > 0 && usd < 0.0001 ? "<$0.0001" : `$${usd.toFixed(usd < 10_000 ? 4 : 0)}`;
}

/** The sums of a session, one phrase each: `3 calls, 1 failed`. */
export function formatSums({ summary, calls }: SessionView): string[] {
  const { failures, aborted, costUsd } = summary;
  const cached = calls.filter(({ isCached }) => isCached).length;
  const unknownCosts = calls.filter((call) => call.status === "ok" && call.costUsd === undefined).length;
  const parts = [
    countOf(summary.calls, "call"),
    ...[[failures, "failed"] as const, [aborted, "stopped"] as const, [cached, "cached"] as const]
      .filter(([count]) => count > 0)
      .map(([count, word]) => `${formatCount(count)} ${word}`),
  ];
  const cachedTokens = summary.cachedInputTokens > 0 ? ` (${formatCount(summary.cachedInputTokens)} cached)` : "";
  const sums = [
    parts.join(", "),
    `${formatCount(summary.inputTokens)} tokens in${cachedTokens}, ${formatCount(summary.outputTokens)} out`,
    costUsd === undefined ? "cost unknown" : formatUsd(costUsd),
  ];
  if (costUsd !== undefined && unknownCosts > 0) sums.push(`cost of ${countOf(unknownCosts, "call")} unknown`);
  return [...sums, `${formatMs(summary.wallMs)} elapsed, ${formatMs(summary.totalMs)} model time`];
}

export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The words for what is unusual about a run. */
export function wordOf({ status, isCached }: RunView): string | undefined {
  return status === "ok" ? (isCached ? "cached" : undefined) : status;
}

/** Times of a scale with about `count` steps. */
export function ticksOf(spanMs: number, count: number): number[] {
  if (!(spanMs > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(spanMs / count));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => spanMs / each <= count) ?? spanMs;
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, index) => index * step);
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
