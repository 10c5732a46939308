/** Checked by `tsc`, never run: what a user's TypeScript sees of this package. */
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import type { Runnable, RunnableConfig, RunnableRetry, RunnableWithFallbacks } from "@langchain/core/runnables";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import type { ChatOpenAI, ChatOpenAICallOptions, ChatOpenAIFields } from "@langchain/openai";
import { createAgent } from "langchain";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import {
  getSessionId,
  newSessionId,
  RunnableWithSession,
  type RunnableWithSessionCallOptions,
  SessionCallbackHandler,
  SessionChatOpenAI,
  type SessionChatOpenAICallOptions,
  type SessionChatOpenAIFields,
  SessionIdError,
  type SessionTransport,
  withSession,
} from "../src/index.js";

const model = new SessionChatOpenAI({ model: "gpt-4o" });
const prompt = ChatPromptTemplate.fromTemplate<{ topic: string }>("About {topic}");
const chain = prompt.pipe(model).pipe(new StringOutputParser());

// The constructor: ChatOpenAI's overloads, its fields and ours.
new SessionChatOpenAI();
new SessionChatOpenAI("gpt-4o");
new SessionChatOpenAI("gpt-4o", { sessionId: "a", temperature: 0 });
new SessionChatOpenAI({ sessionId: false, sessionTransport: "headers" });
new SessionChatOpenAI({ sessionTransport: { body: ["session"], headers: ["x-session"] } as const });
// @ts-expect-error: the model is the first argument
new SessionChatOpenAI("gpt-4o", { model: "gpt-4o" });
// @ts-expect-error: true is no id
new SessionChatOpenAI({ sessionId: true });
// @ts-expect-error: nor is a number
new SessionChatOpenAI("gpt-4o", { sessionId: 42 });
// @ts-expect-error: no such transport
new SessionChatOpenAI({ sessionTransport: "header" });
// @ts-expect-error: a transport has no such part
new SessionChatOpenAI({ sessionTransport: { header: ["x-session"] } });
// @ts-expect-error: a list of names
new SessionChatOpenAI({ sessionTransport: { headers: "x-session" } });
// @ts-expect-error: not a field
new SessionChatOpenAI({ sessionID: "a" });

expectTypeOf<ChatOpenAIFields>().toExtend<SessionChatOpenAIFields>();
expectTypeOf<ChatOpenAICallOptions>().toExtend<SessionChatOpenAICallOptions>();
expectTypeOf<SessionChatOpenAIFields["sessionId"]>().toEqualTypeOf<string | false | undefined>();
expectTypeOf<SessionChatOpenAIFields["sessionTransport"]>().toEqualTypeOf<SessionTransport | undefined>();
expectTypeOf<SessionChatOpenAICallOptions["sessionId"]>().toEqualTypeOf<string | false | undefined>();
expectTypeOf<SessionChatOpenAICallOptions["extraBody"]>().toEqualTypeOf<Record<string, unknown> | undefined>();

// Call options.
const options = { sessionId: "a", extraBody: { tags: ["t"] }, stop: ["."], configurable: { thread_id: "t" } };
expectTypeOf(model.invoke("hi", options)).toEqualTypeOf<Promise<AIMessageChunk>>();
expectTypeOf(model.stream("hi", options)).toEqualTypeOf<Promise<IterableReadableStream<AIMessageChunk>>>();
expectTypeOf(model.batch(["hi"], options)).toEqualTypeOf<Promise<AIMessageChunk[]>>();
expectTypeOf(model.batch(["hi"], [{ sessionId: false }])).toEqualTypeOf<Promise<AIMessageChunk[]>>();
model.generate([[["user", "hi"]]], { sessionId: "a" });
model.streamEvents("hi", { version: "v2", sessionId: "a" });
model.streamEvents("hi", { sessionId: false });
// @ts-expect-error: not an id
model.invoke("hi", { sessionId: 42 });
// @ts-expect-error: not an id
model.stream("hi", { sessionId: true });
// @ts-expect-error: not an id
model.batch(["hi"], [{ sessionId: null }]);
// @ts-expect-error: not fields of a body
model.invoke("hi", { extraBody: "tags" });
// @ts-expect-error: not a call option
model.invoke("hi", { sessionid: "a" });

// Copies are what they were made of, a subclass too.
class CompanyModel extends SessionChatOpenAI {
  readonly team = "blue";
}
const company = new CompanyModel();
expectTypeOf(model.withConfig({ sessionId: "a" })).toEqualTypeOf<SessionChatOpenAI>();
expectTypeOf(model.bindTools([], { sessionId: "a", tool_choice: "none" })).toEqualTypeOf<SessionChatOpenAI>();
expectTypeOf(model.withSession()).toEqualTypeOf<SessionChatOpenAI>();
expectTypeOf(model.withSession("a").sessionId).toEqualTypeOf<string | false>();
expectTypeOf(company.withSession("a").withConfig({}).bindTools([])).toEqualTypeOf<CompanyModel>();
// @ts-expect-error: not an id
model.withConfig({ sessionId: 42 });
// @ts-expect-error: not an id
model.bindTools([], { sessionId: 42 });
// @ts-expect-error: not an id
model.withSession(42);
// @ts-expect-error: read only
model.sessionId = "a";

const structured = model.withStructuredOutput(z.object({ city: z.string() }));
expectTypeOf(structured.invoke("hi")).toEqualTypeOf<Promise<{ city: string }>>();
expectTypeOf(structured.invoke("hi", { sessionId: "a" })).toEqualTypeOf<Promise<{ city: string }>>();
// @ts-expect-error: a number is no session
structured.invoke("hi", { sessionId: 1 });
const withRaw = model.withStructuredOutput(z.object({ city: z.string() }), { includeRaw: true });
expectTypeOf(withRaw.invoke("hi", { sessionId: false })).toExtend<Promise<{ parsed: { city: string } }>>();

// It goes where ChatOpenAI goes.
expectTypeOf(model).toExtend<ChatOpenAI>();
expectTypeOf(model).toExtend<BaseChatModel>();
expectTypeOf(model).toExtend<Runnable<BaseLanguageModelInput, AIMessageChunk>>();
expectTypeOf<typeof SessionChatOpenAI>().toExtend<typeof ChatOpenAI>();
createAgent({ model, tools: [] });
createAgent({ model: model.withSession("a"), responseFormat: z.object({ city: z.string() }) });
createReactAgent({ llm: model, tools: [] });
expectTypeOf(chain.invoke({ topic: "bears" })).toEqualTypeOf<Promise<string>>();

// RunnableWithSession has the input and the output of what it wraps.
interface Input {
  topic: string;
}
const inSession = withSession(chain, { sessionId: (config) => config.runName, onSession: (id) => id.trim() });
expectTypeOf(inSession.invoke).parameter(0).toExtend<Input>();
expectTypeOf(inSession.invoke({ topic: "bears" })).toEqualTypeOf<Promise<string>>();
expectTypeOf(inSession.stream({ topic: "bears" })).toEqualTypeOf<Promise<IterableReadableStream<string>>>();
expectTypeOf(inSession.batch([{ topic: "bears" }])).toEqualTypeOf<Promise<string[]>>();
expectTypeOf(inSession.pipe((text) => text.length).invoke({ topic: "bears" })).toEqualTypeOf<Promise<number>>();
inSession.invoke({ topic: "bears" }, { sessionId: "a", configurable: { sessionId: "b" }, tags: ["t"] });
// @ts-expect-error: not what the prompt takes
inSession.invoke({ subject: "bears" });
// @ts-expect-error: not an id
inSession.invoke({ topic: "bears" }, { sessionId: 42 });
// @ts-expect-error: not a Runnable
new RunnableWithSession({ bound: async () => "text" });
// @ts-expect-error: not an id
withSession(chain, { sessionId: 42 });
// @ts-expect-error: not an id
withSession(chain, { sessionId: () => 42 });
// @ts-expect-error: onSession receives the id
withSession(chain, { onSession: (id: number) => id });

type Chain = typeof inSession;
type Of<Wrapper> = Wrapper extends Runnable<infer RunInput, infer RunOutput> ? [RunInput, RunOutput] : never;
expectTypeOf<Of<Chain>[1]>().toEqualTypeOf<string>();
expectTypeOf<Of<Chain>[0]>().not.toBeAny();
expectTypeOf(new RunnableWithSession({ bound: chain })).toEqualTypeOf<Chain>();
expectTypeOf(inSession.withConfig({ sessionId: "a" })).toEqualTypeOf<Chain>();
expectTypeOf(inSession.withRetry({ stopAfterAttempt: 2 })).toEqualTypeOf<
  RunnableRetry<Of<Chain>[0], string, RunnableWithSessionCallOptions>
>();
expectTypeOf(inSession.withFallbacks([chain])).toEqualTypeOf<RunnableWithFallbacks<Of<Chain>[0], string>>();
expectTypeOf(inSession.withFallbacks({ fallbacks: [chain] })).toEqualTypeOf<
  RunnableWithFallbacks<Of<Chain>[0], string>
>();
expectTypeOf(inSession.withRetry().invoke({ topic: "bears" })).toEqualTypeOf<Promise<string>>();

// The rest says what it is, too.
expectTypeOf(newSessionId).toEqualTypeOf<() => string>();
expectTypeOf(getSessionId).toEqualTypeOf<(config?: RunnableConfig) => string | undefined>();
expectTypeOf<SessionIdError["code"]>().toEqualTypeOf<"INVALID_SESSION_ID">();
expectTypeOf(SessionIdError.isInstance).guards.toEqualTypeOf<SessionIdError>();
expectTypeOf(new SessionCallbackHandler().sessionId).toEqualTypeOf<string>();
// @ts-expect-error: not an id
new SessionCallbackHandler({ sessionId: false });
// @ts-expect-error: read only
new SessionCallbackHandler().sessionId = "a";

/** The names under which a type has `any`: itself, its members, their parameters and results. */
type IsAny<T> = 0 extends 1 & T ? true : false;
type HasAny<T> =
  IsAny<T> extends true
    ? true
    : T extends (...given: infer Given) => infer Result
      ? true extends IsAny<Result> | { [I in keyof Given]: IsAny<Given[I]> }[number]
        ? true
        : false
      : false;
type AnyOf<T> = { [Key in keyof T]-?: HasAny<T[Key]> extends true ? Key : never }[keyof T];
type Added<Ours, Theirs> = Pick<Ours, Exclude<keyof Ours, keyof Theirs>>;

// No `any` besides those of LangChain.
expectTypeOf<AnyOf<SessionChatOpenAIFields>>().toEqualTypeOf<AnyOf<ChatOpenAIFields>>();
expectTypeOf<AnyOf<SessionChatOpenAICallOptions>>().toEqualTypeOf<AnyOf<ChatOpenAICallOptions>>();
expectTypeOf<AnyOf<SessionChatOpenAI>>().toExtend<AnyOf<ChatOpenAI>>();
expectTypeOf<AnyOf<Added<SessionChatOpenAI, ChatOpenAI>>>().toBeNever();
expectTypeOf<AnyOf<Added<Chain, Runnable>>>().toBeNever();
expectTypeOf<AnyOf<typeof import("../src/index.js")>>().toBeNever();
