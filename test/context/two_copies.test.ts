import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import { buildSync } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import * as esm from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { connection, sessions, useGateway } from "../support/sessions.js";

/** An app that loads an ESM and a CommonJS copy of this package, each with LangChain in the same format. */
const gateway = useGateway();

type Package = typeof esm;

let cjs: Package;

beforeAll(() => {
  const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const options = { bundle: true, format: "cjs", platform: "node", packages: "external", write: false } as const;
  const [file] = buildSync({ entryPoints: [entry], ...options }).outputFiles;
  const module = { exports: {} };
  new Function("module", "exports", "require", file?.text ?? "")(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  cjs = module.exports as Package;
});

const modelOf = ({ SessionChatOpenAI }: Package) =>
  new SessionChatOpenAI({ ...connection(gateway.current), sessionId: false });

describe.each([
  { name: "a CommonJS model", one: () => esm, other: () => cjs },
  { name: "an ESM model", one: () => cjs, other: () => esm },
])("$name", ({ one, other }) => {
  it("a fallback that is a wrapper of the other copy keeps its own sessionId", async () => {
    const model = modelOf(other());
    const failing = RunnableLambda.from((_: string) => {
      throw new Error("always");
    });
    const fallback = other().withSession(model as unknown as Runnable, { sessionId: "fallback's" });
    await one()
      .withSession(failing as unknown as Runnable, { sessionId: "own" })
      .withFallbacks([fallback as never])
      .invoke("hi");
    expect(sessions(gateway.current)).toEqual(["fallback's"]);
  });

  it("a model uses the session of a handler and a wrapper of the other copy", async () => {
    const model = modelOf(other());
    const { SessionCallbackHandler, withSession } = one();
    const asking = RunnableLambda.from(async (text: string) => (await model.invoke(text)).text);
    const callbacks = [new SessionCallbackHandler({ sessionId: "handled" })];
    await model.invoke("hi", { callbacks });
    await asking.invoke("hi", { callbacks });
    await withSession(model as unknown as Runnable, { sessionId: "wrapped" }).invoke("hi");
    await withSession(asking, { sessionId: "around" }).invoke("hi");
    await collect(await withSession(asking, { sessionId: "streamed" }).stream("hi"));
    await withSession(asking)
      .withRetry()
      .invoke("hi", { configurable: { sessionId: "retried" } });
    await model.invoke("hi");
    expect(sessions(gateway.current)).toEqual([
      "handled",
      "handled",
      "wrapped",
      "around",
      "streamed",
      "retried",
      undefined,
    ]);
  });

  it("a model uses the session of the other copy's wrapper without an implicit config", async () => {
    const model = modelOf(other());
    const generating = RunnableLambda.from(async function* (text: string) {
      yield (await model.invoke(text)).text; // Core runs this without the implicit config.
    });
    const ownConfig = RunnableLambda.from((text: string) => asking.invoke(text, { configurable: { own: 1 } }));
    const asking = RunnableLambda.from(async (text: string) => (await model.invoke(text)).text);
    await one().withSession(generating, { sessionId: "a" }).invoke("hi");
    await one().withSession(ownConfig, { sessionId: "b" }).invoke("hi");
    expect(sessions(gateway.current)).toEqual(["a", "b"]);
  });

  it("a model uses the session of the nearest wrapper, of either copy", async () => {
    const model = modelOf(other());
    const asking = RunnableLambda.from(async (text: string) => (await model.invoke(text)).text);
    const nested = (outer: Package, inner: Package, sessionId?: string) =>
      outer.withSession(RunnableLambda.from((text: string) => inner.withSession(asking, { sessionId }).invoke(text)));
    const given = { configurable: { sessionId: "outer" } };
    await nested(one(), other()).invoke("hi", given);
    await nested(other(), one()).invoke("hi", given);
    await nested(one(), other(), "inner").invoke("hi", given);
    await nested(other(), one(), "inner").invoke("hi", given);
    await nested(other(), one(), "inner").withFallbacks([asking]).invoke("hi", given);
    expect(sessions(gateway.current)).toEqual(["outer", "outer", "inner", "inner", "inner"]);
  });

  it("isInstance recognises an error that the other copy throws", async () => {
    const error: unknown = await modelOf(other())
      .invoke("hi", { sessionId: "a\n" })
      .catch((thrown) => thrown);
    expect(error).not.toBeInstanceOf(one().SessionIdError);
    expect(one().SessionIdError.isInstance(error)).toBe(true);
  });
});

it("getSessionId of each copy returns the session of the other copy's wrapper", async () => {
  const said = RunnableLambda.from(() => [esm.getSessionId(), cjs.getSessionId()]);
  expect(await esm.withSession(said, { sessionId: "a" }).invoke("hi")).toEqual(["a", "a"]);
  expect(await cjs.withSession(said as unknown as Runnable, { sessionId: "a" }).invoke("hi")).toEqual(["a", "a"]);
});
