import { expect, it } from "vitest";
import { runCommand } from "../support/command.js";
import { rowOf, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

async function serverWithSessions() {
  const server = await startServer();
  const data = ["b", "a"].map((session_id, index) =>
    rowOf("1.106.0", session_id, -index, {
      ...{ session_id, session_total_count: 3, session_total_spend: 0.25, session_models: ["gpt-4o", "\u001b[31mx"] },
    }),
  );
  server.reply = ({ path }) =>
    path === "/spend/logs/ui" ? { status: 200, body: { data, total: 2, has_more: false } } : undefined;
  return { server, env: { LITELLM_BASE_URL: server.url } };
}

it("list prints the newest sessions with calls, cost and models", async () => {
  const { server, env } = await serverWithSessions();
  const { code, stdout, stderr } = await runCommand(["list", "--since", "12h"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n").slice(1, 3)).toEqual([
    expect.stringMatching(/^b +2026-01-01 00:00 +3 calls +\$0\.25 {2}gpt-4o, \ufffd\[31mx$/),
    expect.stringMatching(/^a +2025-12-31 23:59 +3 calls/),
  ]);
  const [start, end] = ["start_date", "end_date"].map((name) => Date.parse(`${server.requests[0]?.query.get(name)}Z`));
  expect(Math.round((Number(end) - Number(start)) / 3_600_000)).toBe(12);
});

it("list --json prints one line per session", async () => {
  const { env } = await serverWithSessions();
  const { stdout } = await runCommand(["list", "--json"], env);
  const ids = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).sessionId);
  expect(ids).toEqual(["b", "a"]);
});

it("list says from which version of LiteLLM it works", async () => {
  const server = await startServer("1.81.12");
  server.reply = () => ({ status: 200, body: { data: [], total: 0, page: 1, total_pages: 0 } });
  const { code, stderr } = await runCommand(["list"], { LITELLM_BASE_URL: server.url });
  expect([code, stderr]).toEqual([1, expect.stringContaining("needs LiteLLM 1.100 or newer")]);
});

it.each(["1", "0d", "d", "1w"])("list refuses --since %s", async (since) => {
  const { code, stderr } = await runCommand(["list", "--since", since], { LITELLM_BASE_URL: "http://localhost" });
  expect([code, stderr]).toEqual([2, expect.stringContaining("such as 30m, 12h or 7d")]);
});
