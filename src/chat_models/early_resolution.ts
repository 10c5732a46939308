import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk, BaseMessageLike } from "@langchain/core/messages";
import type { LLMResult } from "@langchain/core/outputs";
import type { RunnableBatchOptions } from "@langchain/core/runnables";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import { ChatOpenAI, type ChatOpenAICallOptions } from "@langchain/openai";
import { optionsOfEachInput } from "../utils/batch_options.js";

/**
 * `ChatOpenAI` whose entry points resolve the session first and pass it as call option `sessionId`. Later, core's
 * `ensureConfig` merges the implicit config into the options: a bound value and an inherited one then look the same.
 */
abstract class ResolvingChatOpenAI<CallOptions extends ChatOpenAICallOptions> extends ChatOpenAI<CallOptions> {
  /** Returns the options unchanged if the id is invalid: the call throws then, and in a batch only that of this input. */
  protected abstract resolveEarly(options: Partial<CallOptions> | undefined): Partial<CallOptions> | undefined;

  override async stream(
    input: BaseLanguageModelInput,
    options?: Partial<CallOptions>,
  ): Promise<IterableReadableStream<AIMessageChunk>> {
    return super.stream(input, this.resolveEarly(options) as CallOptions);
  }

  override async batch(
    inputs: BaseLanguageModelInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<AIMessageChunk[]> {
    const resolved = optionsOfEachInput(inputs.length, options).map((each) => this.resolveEarly(each));
    return super.batch(inputs, resolved as Partial<CallOptions>[], batchOptions as { returnExceptions?: false });
  }

  override streamEvents(input: BaseLanguageModelInput, options?: Partial<CallOptions>, streamOptions?: object): never {
    const resolved = this.resolveEarly(options) as Partial<CallOptions> & { version: "v2" };
    return super.streamEvents(input, resolved, streamOptions) as never;
  }

  override streamLog(
    input: BaseLanguageModelInput,
    options?: Partial<CallOptions>,
    streamOptions?: object,
  ): ReturnType<ChatOpenAI["streamLog"]> {
    return super.streamLog(input, this.resolveEarly(options), streamOptions);
  }

  /** Core merges `callbacks` into the config after the session is resolved. A handler among them may name the session. */
  override async generate(
    messages: BaseMessageLike[][],
    options?: string[] | Partial<CallOptions>,
    callbacks?: Callbacks,
  ): Promise<LLMResult> {
    const callOptions = (Array.isArray(options) ? { stop: options } : options) as Partial<CallOptions> | undefined;
    const needsCallbacks = callbacks !== undefined && !callOptions?.callbacks;
    return super.generate(messages, (needsCallbacks ? { ...callOptions, callbacks } : callOptions) as CallOptions);
  }
}

/** Typed as `ChatOpenAI`, because its overloads differ between versions of core: users see those of their version. */
export const EarlyResolvingChatOpenAI = ResolvingChatOpenAI as unknown as typeof ChatOpenAI;
