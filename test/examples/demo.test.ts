import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findStrays, type LoggedRequest } from "../../examples/session_log.js";
import { Gateway, sendJson } from "../support/gateway/server.js";
import { sessionOf } from "../support/sessions.js";

const ROOT = join(import.meta.dirname, "..", "..");

/** Runs the demo as `npm run demo` does, or an example by itself. */
function demo(env: Record<string, string>, file = "demo"): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OPENAI|LITELLM|LANGSMITH|NODE|VITEST)/.test(name),
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", `examples/${file}.ts`],
      { cwd: ROOT, env: { ...Object.fromEntries(inherited), ...env } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

it("the demo runs without a proxy", async () => {
  const { code, stdout, stderr } = await demo({});
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^example +session +requests +models +tokens$/m);
  expect(stdout).toMatch(/^script +\S{36} +2 +gpt-4o +20 in, 10 out$/m);
  expect(stdout.match(/^concurrent +\S{36} +2 /gm)).toHaveLength(20);
  expect(stdout).toMatch(/66 requests in 27 sessions: each carried the id of its own\.\n\nSession \S{36}\n/);
  const [, picture = ""] = stdout.split("each carried the id of its own.");
  expect(picture).toMatch(/gpt-4o-mini/);
  expect(picture).toMatch(/8 calls[,:] 1 failed/);
  expect(picture).toMatch(/Invalid model name/);
});

it("the demo fails with a message if a request carries a wrong id", async () => {
  const preload = pathToFileURL(join(ROOT, "test/support/stray.mjs"));
  const { code, stdout, stderr } = await demo({ NODE_OPTIONS: `--import ${preload}` });
  expect(code).toBe(1);
  expect(stdout).toContain("stray and ");
  expect(stderr).toMatch(
    /^chain: a request carried stray and \S+, expected a session of this example\ndemo: 1 strayed\n$/,
  );
});

describe("with LITELLM_BASE_URL", () => {
  let proxy: Gateway;
  beforeEach(async () => {
    proxy = await Gateway.start();
  });
  afterEach(() => proxy.stop().catch(() => undefined)); // One test stops it before.

  it("the demo runs against the proxy of LITELLM_BASE_URL", async () => {
    const env = { LITELLM_BASE_URL: proxy.url, LITELLM_API_KEY: "sk-test", LITELLM_MODEL: "claude" };
    const { code, stdout, stderr } = await demo(env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/65 requests in 27 sessions: each carried the id of its own\.\n\nSession \S{36}\n/);
    const [check, ...requests] = proxy.requests;
    expect(sessionOf(check as never)).toBeUndefined();
    expect(new Set(requests.map(sessionOf)).size).toBe(27);
    for (const { body, headers } of proxy.requests) {
      expect(["claude", "no-such-model"]).toContain(body.model);
      expect(headers.authorization).toBe("Bearer sk-test");
    }
  });

  it("an example that runs by itself prints a link to each of its sessions", async () => {
    const env = { LITELLM_BASE_URL: proxy.url, LITELLM_API_KEY: "sk-test" };
    const { code, stdout, stderr } = await demo(env, "chain");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const ids = [...new Set(proxy.requests.map(sessionOf))];
    const root = proxy.url.replace("/v1", "");
    expect(stdout).toBe(ids.map((id) => `session ${id}: ${root}/ui/logs/?session_id=${id}\n`).join(""));
  });

  it.each(["localhost:4000", "ftp://localhost"])("the demo exits with one line for the invalid URL %s", async (url) => {
    expect(await failure({ LITELLM_BASE_URL: url })).toBe(
      `demo: LITELLM_BASE_URL is not a URL such as http://localhost:4000: ${url}`,
    );
  });

  it("the demo exits with one line if nothing listens at the URL", async () => {
    const { url } = proxy;
    await proxy.stop();
    expect(await failure({ LITELLM_BASE_URL: url })).toBe(
      `demo: LITELLM_BASE_URL can't be reached: ${url}: ECONNREFUSED`,
    );
  });

  it("the demo exits with one line if the server is not a proxy", async () => {
    proxy.respond((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Hello</html>");
      return true;
    });
    expect(await failure({ LITELLM_BASE_URL: proxy.url })).toBe(
      `demo: LITELLM_BASE_URL is not a LiteLLM proxy: ${proxy.url} (HTTP 200)`,
    );
  });

  it.each([
    [401, "Authentication Error. Received API Key = sk-...cret", "token_not_found_in_db"],
    [400, "No connected db.", "no_db_connection"],
  ])("the demo exits with one line without the key if a %i rejects it", async (status, message, type) => {
    proxy.respond((_, response) => {
      sendJson(response, status, { error: { message, type, param: "None", code: String(status) } });
      return true;
    });
    expect(await failure({ LITELLM_BASE_URL: proxy.url, LITELLM_API_KEY: "sk-secret" })).toBe(
      `demo: LITELLM_API_KEY was refused by ${proxy.url} (HTTP ${status})`,
    );
    expect(proxy.requests).toHaveLength(1);
  });

  it("the demo exits with one line for an unknown model", async () => {
    const message = "/chat/completions: Invalid model name passed in model=nope.\nCall `/v1/models` to view models.";
    proxy.respond((_, response) => {
      sendJson(response, 400, { error: { message, type: "None", param: "None", code: "400" } });
      return true;
    });
    expect(await failure({ LITELLM_BASE_URL: proxy.url, LITELLM_MODEL: "nope" })).toBe(
      `demo: LITELLM_MODEL "nope" did not answer at ${proxy.url} (HTTP 400): ` +
        "/chat/completions: Invalid model name passed in model=nope.",
    );
  });

  /** The last line of the demo's output. */
  async function failure(env: Record<string, string>): Promise<string> {
    const { code, stdout, stderr } = await demo(env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Proxy: .*\n\n$/);
    const [line, ...more] = stderr.split("\n");
    expect(more).toEqual([""]);
    return line ?? "";
  }
});

describe("findStrays", () => {
  const request = (sessionId: string | undefined, prompt = "Hello") =>
    ({ example: "chat", sessionId, prompt, model: "m", inputTokens: 0, outputTokens: 0 }) satisfies LoggedRequest;
  const examples = [{ example: "chat", sessions: ["a-1", "b-2"] }];

  it("findStrays finds nothing if each request is in its session", () => {
    expect(findStrays([request("a-1"), request("b-2", "I am b-2")], examples)).toEqual([]);
  });

  it("findStrays finds a request without an id, with a foreign id, in the wrong session, and a session without requests", () => {
    const requests = [request(undefined), request("x"), request("a-1", "I am b-2")];
    expect(findStrays(requests, examples)).toEqual([
      "chat: a request carried no session id, expected a session of this example",
      "chat: a request carried x, expected a session of this example",
      "chat: a request carried a-1, expected b-2",
      "chat: no request in session b-2",
    ]);
  });
});
