import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { Gateway } from "../support/gateway/server.js";
import { npm } from "../support/pack.js";
import { sessions } from "../support/sessions.js";
import { LOWEST_NODE, PEERS } from "../support/versions.js";

const run = promisify(execFile);
const lowestNode = inject("lowestNode");

/** The imports of a user's script. */
const IMPORTS = {
  "@langchain/core/runnables": "RunnableLambda",
  "@langchain/langgraph": "MemorySaver",
  langchain: "createAgent, tool",
  "langchain-litellm-session": "SessionCallbackHandler, SessionChatOpenAI, SessionIdError, withSession",
  zod: "z",
};

const asImport = Object.entries(IMPORTS).map(([name, what]) => `import { ${what} } from "${name}";`);
const asRequire = Object.entries(IMPORTS).map(([name, what]) => `const { ${what} } = require("${name}");`);

const MODEL = `new SessionChatOpenAI({
  model: "gpt-4o", apiKey: "sk-test", sessionId: false, maxRetries: 0,
  configuration: { baseURL: process.env.LITELLM_BASE_URL },
})`;

/** One line for each source of a session. */
const SCRIPT = `
async function main() {
  const model = ${MODEL};
  await model.invoke("Hello", { sessionId: "call" });
  for await (const _ of await model.withSession("stream").stream("Hello"));
  await model.invoke("Hello", { callbacks: [new SessionCallbackHandler({ sessionId: "handler" })] });
  const chain = withSession(RunnableLambda.from((input) => model.invoke(input)));
  await chain.invoke("Hello", { configurable: { sessionId: "wrapper" } });
  const ask = tool(async () => (await model.invoke("Hello")).text, { name: "ask", schema: z.object({}) });
  const agent = createAgent({ model, tools: [ask], checkpointer: new MemorySaver() });
  await agent.invoke({ messages: [["user", "Hello"]] }, { configurable: { thread_id: "thread" } });
  await model.invoke("Hello", { sessionId: "\\n" }).catch((error) => {
    if (!SessionIdError.isInstance(error)) throw error;
  });
}
main();
`;

/** Without langgraph, only this package enables the implicit config that carries the session into the lambda. */
const BARE = `
const { RunnableLambda } = require("@langchain/core/runnables");
const { SessionChatOpenAI, withSession } = require("langchain-litellm-session");
const model = ${MODEL};
withSession(RunnableLambda.from(async () => model.invoke("Hello"))).invoke("", { configurable: { sessionId: "bare" } });
`;

/** Each copy of the package recognises the objects of the other. */
const BOTH_COPIES = `
import { createRequire } from "node:module";
import { RunnableLambda } from "@langchain/core/runnables";
import * as esm from "langchain-litellm-session";
const cjs = createRequire(process.cwd() + "/")("langchain-litellm-session");
for (const [mine, theirs] of [[esm, cjs], [cjs, esm]]) {
  const { SessionChatOpenAI } = mine;
  const model = ${MODEL};
  await model.invoke("Hello", { callbacks: [new theirs.SessionCallbackHandler({ sessionId: "handler" })] });
  const chain = theirs.withSession(RunnableLambda.from(async () => model.invoke("Hello")), { sessionId: "wrapper" });
  await chain.invoke("Hello");
  await model.invoke("Hello", { sessionId: "\\n" }).catch((error) => {
    if (error instanceof theirs.SessionIdError || !theirs.SessionIdError.isInstance(error)) throw error;
  });
}
`;

const TYPES = `
import { SessionChatOpenAI, withSession, type SessionTransport } from "langchain-litellm-session";
const sessionTransport: SessionTransport = { headers: ["x-session"] };
const model = new SessionChatOpenAI({ model: "gpt-4o", sessionId: false, sessionTransport });
export const text: Promise<string> = withSession(model.pipe((message) => message.text)).invoke("Hello");
export const copy: SessionChatOpenAI = model.withConfig({ sessionId: "a", extraBody: { tags: ["b"] } });
// @ts-expect-error: not the type of an id.
model.invoke("Hello", { sessionId: 1 });
`;

describe.each(Object.entries(PEERS))("the tarball in an empty project with the %s peers", (_, peers) => {
  let gateway: Gateway;
  let project: string;

  beforeAll(async () => {
    gateway = await Gateway.start();
    project = await realpath(await mkdtemp(join(tmpdir(), "session-install-")));
    await writeFile(join(project, "package.json"), "{}");
    const packages = Object.entries(peers).map(([name, version]) => `${name}@${version}`);
    await npm(["install", "--prefer-offline", inject("tarball"), ...packages], project);
  });
  afterEach(() => gateway.reset());
  afterAll(async () => {
    await gateway?.stop();
    await rm(project, { recursive: true, force: true });
  });

  describe.each([
    [process.version, process.execPath],
    [LOWEST_NODE.version, lowestNode],
  ])("on Node %s", (version, node) => {
    /** The sessions of the requests that `node -e` with this script makes. */
    async function sessionsOf(script: string, ...args: string[]): Promise<unknown[]> {
      const env = { ...process.env, LITELLM_BASE_URL: gateway.url, LANGSMITH_TRACING: "false" };
      const { stderr } = await run(node, [...args, "-e", script], { cwd: project, env });
      expect(stderr).toBe("");
      expect(gateway.unexpected).toEqual([]);
      return sessions(gateway);
    }

    it("the installed Node has this version", async () => {
      expect((await run(node, ["--version"])).stdout.trim()).toBe(version);
    });

    it.each([
      ["import", asImport, "module"],
      ["require", asRequire, "commonjs"],
    ])("the tarball works from %s", async (_, imports, type) => {
      expect(await sessionsOf([...imports, SCRIPT].join("\n"), `--input-type=${type}`)).toEqual([
        ...["call", "stream", "handler", "wrapper"],
        ...["thread", "thread", "thread"],
      ]);
    });

    it("the tarball works without langgraph", async () => {
      expect(await sessionsOf(BARE)).toEqual(["bare"]);
    });

    it("the tarball works with its ESM and its CommonJS copy in one process", async () => {
      expect(await sessionsOf(BOTH_COPIES, "--input-type=module")).toEqual([
        "handler",
        "wrapper",
        "handler",
        "wrapper",
      ]);
    });
  });

  it("the tarball has types for ESM and CommonJS", async () => {
    const files = ["mts", "cts"].map((extension) => join(project, `user.${extension}`));
    for (const file of files) await writeFile(file, TYPES);
    const modules = join(import.meta.dirname, "../../node_modules");
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck"];
    const types = ["--types", "node", "--typeRoots", join(modules, "@types")];
    const tsc = [join(modules, "typescript/bin/tsc"), ...flags, ...types, ...files];
    const result = await run(process.execPath, tsc).catch((error) => error);
    expect(result.stdout).toBe("");
  });
});
