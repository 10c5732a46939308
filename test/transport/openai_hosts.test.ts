import { beforeEach, describe, expect, it, vi } from "vitest";
import { SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { connection, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();
const warn = vi.spyOn(console, "warn");

beforeEach(() => {
  warn.mockReset().mockImplementation(() => {});
});

/** A model whose requests to any host end at the gateway, and the hosts of those requests. */
function modelFor(baseURL: string | undefined, fields: SessionChatOpenAIFields = {}) {
  const hosts: string[] = [];
  const route: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    hosts.push(url.host);
    return fetch(new URL(url.pathname.replace(/^.*\/v1/, "/v1"), gateway.current.url), init);
  };
  const { model, apiKey, maxRetries } = connection(gateway.current);
  const configuration = { fetch: route, ...(baseURL === undefined ? {} : { baseURL }) };
  return {
    hosts,
    model: new SessionChatOpenAI({
      model,
      apiKey,
      maxRetries,
      configuration,
      sessionId: "s",
      ...fields,
    } as SessionChatOpenAIFields),
  };
}

const OPENAI = [
  undefined,
  "https://api.openai.com/v1",
  "https://API.OpenAI.com/v1/",
  "https://eu.api.openai.com/v1",
  "https://us.api.openai.com:443/v1",
];

const OTHERS = [
  "https://litellm.example/v1",
  "https://api.openai.com.example/v1",
  "https://notapi.openai.com/v1",
  "http://proxy.example/api.openai.com/v1",
];

describe.each([false, true])("useResponsesApi: %s", (useResponsesApi) => {
  it.each(OPENAI)("no session is sent to OpenAI's own host, and one warning says so: %s", async (baseURL) => {
    const { hosts, model } = modelFor(baseURL, { useResponsesApi });
    await model.invoke("hi");
    await collect(await model.stream("hi", { sessionId: "call" }));
    await collect(model.withSession("bound").streamEvents("hi"));
    await model.bindTools([]).batch(["hi"], { configurable: { sessionId: "configured" } });
    expect(sessions(gateway.current)).toEqual([undefined, undefined, undefined, undefined]);
    expect(gateway.current.requests.every(({ body }) => !("metadata" in body))).toBe(true);
    expect(new Set(hosts.map((host) => host.endsWith("api.openai.com")))).toEqual(new Set([true]));
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/OpenAI itself.*no session id is sent/)]]);
  });

  it.each(OTHERS)("the session is sent to any host that is not OpenAI's: %s", async (baseURL) => {
    const { hosts, model } = modelFor(baseURL, { useResponsesApi });
    await model.invoke("hi");
    expect(sessions(gateway.current)).toEqual(["s"]);
    expect(hosts).toEqual([new URL(baseURL).host]);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(["OPENAI_BASE_URL", "OPENAI_API_BASE"])(
    "the host comes from %s if the fields have no baseURL",
    async (name) => {
      vi.stubEnv(name, "https://litellm.example/v1");
      const proxied = modelFor(undefined, { useResponsesApi });
      await proxied.model.invoke("hi");
      vi.stubEnv(name, "https://api.openai.com/v1");
      await modelFor(undefined, { useResponsesApi }).model.invoke("hi");
      await modelFor("https://litellm.example/v1", { useResponsesApi }).model.invoke("hi");
      expect(proxied.hosts).toEqual(["litellm.example"]);
      expect(sessions(gateway.current)).toEqual(["s", undefined, "s"]);
    },
  );

  it("no warning about OpenAI's host without a session, or with an explicit sessionTransport", async () => {
    const { model } = modelFor(undefined, { useResponsesApi, sessionId: false });
    await model.invoke("hi");
    await modelFor(undefined, { useResponsesApi, sessionTransport: "none" }).model.invoke("hi");
    await modelFor(undefined, { useResponsesApi, sessionTransport: "metadata" }).model.invoke("hi");
    await modelFor(undefined, { useResponsesApi, sessionTransport: { headers: ["x-session"] } }).model.invoke("hi");
    const { requests } = gateway.current;
    expect(requests.map(({ body, headers }) => [body.metadata, headers["x-session"]])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [{ litellm_trace_id: "s" }, undefined],
      [undefined, "s"],
    ]);
    expect(sessions(gateway.current)).toEqual([undefined, undefined, undefined, undefined]);
    expect(warn).not.toHaveBeenCalled();
  });
});

it("a model and its copies warn once about OpenAI's host, on both endpoints", async () => {
  const { model } = modelFor(undefined);
  await model.invoke("hi");
  await model.invoke("hi", { truncation: "auto" });
  await model.withSession().invoke("hi", { truncation: "auto" });
  expect(new Set(gateway.current.requests.map(({ path }) => path)).size).toBe(2);
  expect(warn).toHaveBeenCalledTimes(1);
});
