import { type AIMessageChunk, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it, vi } from "vitest";
import { SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import { ENTRY_POINTS, responseId, sentTurns } from "../support/conversation.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

describe("usePreviousResponseId in the constructor", () => {
  it.each<[string, object, string]>([
    ["usePreviousResponseId", { usePreviousResponseId: "true" }, 'expected true or false, got "true"'],
    ["usePreviousResponseId", { usePreviousResponseId: 1 }, "expected true or false, got 1"],
    ["usePreviousResponseId", { usePreviousResponseId: null }, "expected true or false, got null"],
  ])("the constructor throws for an invalid %s: %o", (field, fields, message) => {
    const error = new TypeError(`Invalid field "${field}": ${message}.`);
    expect(() => modelFor(gateway.current, fields)).toThrow(error);
    expect(() => new SessionChatOpenAI("gpt-4o", { ...connection(gateway.current), ...fields })).toThrow(error);
  });

  it.each<SessionChatOpenAIFields>([{}, { usePreviousResponseId: false }, { usePreviousResponseId: undefined }])(
    "usePreviousResponseId is false with the fields %o",
    (fields) => {
      expect(modelFor(gateway.current, fields).usePreviousResponseId).toBe(false);
    },
  );

  it("a runtime without WebCrypto: the constructor throws only with usePreviousResponseId", () => {
    vi.stubGlobal("crypto", { getRandomValues: () => {} });
    try {
      expect(() => modelFor(gateway.current, { usePreviousResponseId: true })).toThrow(/WebCrypto/);
      expect(modelFor(gateway.current).usePreviousResponseId).toBe(false);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("a model without usePreviousResponseId", () => {
  const MAKERS = [
    (fields: SessionChatOpenAIFields) => new ChatOpenAI(fields),
    (fields: SessionChatOpenAIFields) => new SessionChatOpenAI({ ...fields, sessionId: false }),
  ];

  /** Replaces the ids that differ in every answer. */
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value).replace(/(resp|msg|run|fc)[_-][\w-]+/g, "$1_0"));

  it.each(ENTRY_POINTS)(
    "$name: a model without usePreviousResponseId sends the whole history and answers like ChatOpenAI",
    async ({ fields, ask }) => {
      const seen = [];
      for (const make of MAKERS) {
        const model = make({ ...connection(gateway.current), useResponsesApi: true, ...fields });
        const first = await ask(model, [new HumanMessage("one")]);
        const second = await ask(model, [new HumanMessage("one"), first, new HumanMessage("two")]);
        const requests = gateway.current.requests.splice(0).map(({ body }) => body);
        expect(requests[1]?.previous_response_id).toBeUndefined();
        seen.push(plain({ first, second, requests }));
      }
      expect(seen[1]).toEqual(seen[0]);
    },
  );

  it("a model without usePreviousResponseId streams ChatOpenAI's chunks", async () => {
    const seen = [];
    for (const make of MAKERS) {
      const model = make({ ...connection(gateway.current), useResponsesApi: true });
      const chunks: AIMessageChunk[] = [];
      for await (const chunk of await model.stream("one")) chunks.push(chunk);
      seen.push(plain(chunks));
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});

describe("a model with usePreviousResponseId", () => {
  it.each(ENTRY_POINTS)(
    "$name: usePreviousResponseId adds one key to response_metadata, and the answer has one id",
    async ({ fields, ask }) => {
      const [without, with_] = [
        modelFor(gateway.current, { useResponsesApi: true, ...fields }),
        modelFor(gateway.current, { usePreviousResponseId: true, ...fields }),
      ];
      const [one, other] = [await ask(without, "one"), await ask(with_, "one")];
      const keys = (message: BaseMessage) => Object.keys(message.response_metadata).sort();
      expect(keys(other)).toEqual([...keys(one), "litellm_answered"].sort());
      expect(other.response_metadata.litellm_answered).toMatch(/^[0-9a-f]{64}$/);
      expect(responseId(other)).toMatch(/^resp_[0-9a-f]{32}$/);
      expect(other.content).toEqual(one.content);
    },
  );

  it("the added key and the response id are only in the last chunk of a stream, as concat needs it", async () => {
    const seen: unknown[] = [];
    for await (const { response_metadata } of await modelFor(gateway.current, { usePreviousResponseId: true }).stream(
      "one",
    )) {
      seen.push([response_metadata.id !== undefined, response_metadata.litellm_answered !== undefined]);
    }
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.slice(0, -1)).toEqual(seen.slice(1).map(() => [false, false]));
    expect(seen.at(-1)).toEqual([true, true]);
  });

  it("copies of a model with usePreviousResponseId chain too", async () => {
    const model = modelFor(gateway.current, { usePreviousResponseId: true });
    const answer = await model.invoke("one");
    const history = [new HumanMessage("one"), answer, new HumanMessage("two")];
    for (const copy of [model.withConfig({ tags: ["a"] }), model.withSession("s"), model.bindTools([])])
      await copy.invoke(history);
    await model.withRetry().invoke(history);
    expect(sentTurns(gateway.current).slice(1)).toEqual(
      Array(4).fill({ previousResponseId: responseId(answer), input: ["user: two"] }),
    );
  });
});
