import { Runnable, RunnableLambda } from "@langchain/core/runnables";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { expect, it } from "vitest";
import { SessionChatOpenAI, SessionOpenAIEmbeddings, withSession } from "../../src/index.js";

/** How many parameters each method of an object has that core and the SDK know, inherited ones included. */
function aritiesOf(instance: object, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, (Reflect.get(instance, name) as () => void).length]));
}

/** The names of all methods of a class and of those it extends. */
function methodsOf(prototype: object): string[] {
  const names = new Set<string>();
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (typeof value === "function" && name !== "constructor") names.add(name);
    }
  }
  return [...names];
}

const fields = { apiKey: "sk-test" };

it("each method of SessionChatOpenAI has as many parameters as that of ChatOpenAI", () => {
  const names = methodsOf(ChatOpenAI.prototype);
  expect(names).toEqual(expect.arrayContaining(["invoke", "bindTools", "streamEvents", "_generate"]));
  expect(aritiesOf(new SessionChatOpenAI(fields), names)).toEqual(aritiesOf(new ChatOpenAI(fields), names));
});

it("each method of the models inside SessionChatOpenAI has as many parameters as that of the models inside ChatOpenAI", () => {
  for (const inner of ["completions", "responses"]) {
    const [own, langchains] = [new SessionChatOpenAI(fields), new ChatOpenAI(fields)].map((model) =>
      Reflect.get(model, inner),
    );
    const names = methodsOf(Object.getPrototypeOf(langchains));
    expect(names).toContain("completionWithRetry");
    expect(aritiesOf(own, names)).toEqual(aritiesOf(langchains, names));
  }
});

it("each method of SessionOpenAIEmbeddings has as many parameters as that of OpenAIEmbeddings", () => {
  const names = methodsOf(OpenAIEmbeddings.prototype);
  expect(aritiesOf(new SessionOpenAIEmbeddings(fields), names)).toEqual(aritiesOf(new OpenAIEmbeddings(fields), names));
});

it("each method of RunnableWithSession has as many parameters as that of Runnable", () => {
  const bound = RunnableLambda.from(() => 1);
  const names = methodsOf(Runnable.prototype);
  expect(names).toContain("batch");
  class Bare extends Runnable {
    override lc_namespace = [];
    override async invoke(_input: unknown, _options?: object) {
      return 1;
    }
  }
  expect(aritiesOf(withSession(bound), names)).toEqual(aritiesOf(new Bare(), names));
});
