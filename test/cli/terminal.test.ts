import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { startCommand, startInTerminal } from "../support/command.js";
import { type LogServer, rowOf, useLogServers } from "../support/log_server.js";
import { HOSTILE } from "../support/session_log_rows.js";

const startServer = useLogServers();

const envOf = (server: LogServer) => ({ LITELLM_BASE_URL: server.url, LITELLM_API_KEY: "sk-key" });

const ESCAPE = "\u001b";
const GREEN = `${ESCAPE}[32m`;
const REWRITES = `\r${ESCAPE}[K`;

async function serverWithCalls(count: number): Promise<LogServer> {
  const server = await startServer();
  server.rows = Array.from({ length: count }, (_, index) => rowOf("1.106.0", `row-${index}`, index * 100));
  return server;
}

describe("in a terminal", () => {
  it("show in a terminal colours only the session", async () => {
    const server = await serverWithCalls(2);
    const { code, stdout } = await startInTerminal(["show", "s"], envOf(server)).ended;
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(`${GREEN}█`);
    expect(stdout).toContain(`${ESCAPE}[1mSession s`);
    const plain = stripVTControlCharacters(stdout);
    for (const line of plain.split("\r\n")) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it("doctor in a terminal shows its progress on one line and removes it", async () => {
    const server = await startServer();
    const { code, stdout } = await startInTerminal(["doctor", "--wait", "1"], envOf(server)).ended;
    expect(code, stdout).toBe(0);
    for (const text of ["Call 1 of 8", "Call 8 of 8", "Waiting for the log"]) {
      expect(stdout).toContain(`${REWRITES}${text}`);
    }
    expect(stdout).toContain(`${REWRITES}\r\n${ESCAPE}[2msessionTransport`);
    expect(stdout).toContain(`${GREEN}groups${ESCAPE}[39m`);
  });

  it.each<Record<string, string>>([{ NO_COLOR: "1" }, { TERM: "dumb" }])(
    "show in a terminal writes only text with %j",
    async (env) => {
      const server = await startServer();
      const doctor = await startInTerminal(["doctor", "--wait", "1"], { ...envOf(server), ...env }).ended;
      expect(doctor.code, doctor.stdout).toBe(0);
      expect(doctor.stdout).toContain("Waiting for the log");
      const [row] = server.rows;
      const show = await startInTerminal(["show", String(row?.session_id)], { ...envOf(server), ...env }).ended;
      expect(show.stdout).toMatch(/\d calls? · /);
      expect((doctor.stdout + show.stdout).replaceAll("\r\n", "\n")).not.toMatch(/(?!\n)\p{Cc}/u);
    },
  );

  it("show in a terminal removes control sequences from the log's text", async () => {
    const server = await startServer();
    const metadata = { status: "failure", error_information: { error_message: HOSTILE.terminal } };
    const names = [HOSTILE.terminal, "模".repeat(99), "👩‍🚀".repeat(40), `e${"\u0301".repeat(999)}`];
    server.rows = names.map((name, index) =>
      rowOf("1.106.0", `${name}${index}`, index, { model_group: name, metadata, status: "failure", spend: 1e300 }),
    );
    for (const options of [[], ["--json"]]) {
      const show = startInTerminal(["show", "s", ...options], { ...envOf(server), TERM: "dumb" });
      const { code, stdout } = await show.ended;
      expect(code).toBe(0);
      expect(stdout.replaceAll("\r\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    }
  });

  it.each([[], ["--watch"]])(
    "show %j leaves a clean terminal if it is interrupted while the proxy hangs",
    async (...options) => {
      const server = await startServer();
      server.reply = () => "hang";
      const reading = startInTerminal(["show", "s", ...options.flat()], envOf(server));
      await vi.waitFor(() => expect(server.requests).toHaveLength(1), 15_000);
      reading.interrupt();
      const { code, stdout } = await reading.ended;
      expect({ code, stdout }).toEqual({ code: options.length === 0 ? 130 : 0, stdout: "^C" });
    },
  );

  it("doctor leaves a clean terminal if it is interrupted while it waits for the log", async () => {
    const server = await startServer();
    server.lateMs = () => Number.POSITIVE_INFINITY;
    const waiting = startInTerminal(["doctor"], envOf(server));
    await vi.waitFor(() => expect(waiting.stdout()).toContain("Waiting for the log"), 15_000);
    const startedAt = performance.now();
    waiting.interrupt();
    const { code, stdout } = await waiting.ended;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(code).toBe(130);
    expect(stdout.endsWith(REWRITES), stdout.slice(-200)).toBe(true);
  });
});

describe("a reader that closes the pipe", () => {
  it.each([[], ["--json"], ["--html", "-"], ["--watch"]])(
    "show %j exits without an error if the reader closes the pipe",
    async (...options) => {
      const server = await serverWithCalls(3_000);
      const show = startCommand(["show", "s", ...options.flat()], envOf(server));
      await vi.waitFor(() => expect(show.stdout()).not.toBe(""), 15_000);
      show.stopReading();
      if (options.flat()[0] === "--watch") server.rows.push(rowOf("1.106.0", "one more", -1));
      expect(await show.ended).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it("doctor exits with 1 if the reader closes stdout, because nobody read the verdict, and sends no calls", async () => {
    const server = await startServer();
    const doctor = startCommand(["doctor", "--wait", "1"], envOf(server));
    doctor.stopReading();
    expect(await doctor.ended).toMatchObject({ code: 1, stderr: "" });
    expect(server.rows).toEqual([]);
  });

  it("doctor continues if the reader closes stderr", async () => {
    const server = await startServer();
    const doctor = startCommand(["doctor", "--wait", "1"], envOf(server));
    doctor.stopReading("stderr");
    expect(await doctor.ended).toMatchObject({ code: 0, stdout: expect.stringContaining("Sessions group.") });
  });

  it("show can be interrupted while its output is not read", async () => {
    const server = await serverWithCalls(1_000);
    const show = startCommand(["show", "s", "--json"], envOf(server), { reads: false });
    await vi.waitFor(() => expect(server.pages.length).toBeGreaterThan(1), 15_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    show.interrupt();
    expect(await show.exited).toBe(130);
    show.stopReading();
  });
});
