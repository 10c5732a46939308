import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import type { AIMessageChunk } from "@langchain/core/messages";
import type { RunnableBatchOptions } from "@langchain/core/runnables";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import { ChatOpenAI, type ChatOpenAICallOptions } from "@langchain/openai";
import type { ResolvedSession } from "../session/types.js";
import { optionsOfEachInput } from "../utils/batch_options.js";

/**
 * A session that an entry point resolved. It travels as the call option `sessionId`: core's `ensureConfig`,
 * which `stream` and `batch` call first, drops symbol keys.
 */
export class ResolvedSessionOption {
  readonly #isResolved = true;

  constructor(readonly session: ResolvedSession | undefined) {}

  /** Looks for the private field: `instanceof` would run the code of a Proxy that somebody passed as an id. */
  static from(option: unknown): ResolvedSessionOption | undefined {
    return typeof option === "object" && option !== null && #isResolved in option ? option : undefined;
  }
}

/**
 * `ChatOpenAI` whose `stream`, `batch`, `streamEvents` and `streamLog` resolve the session first: core's
 * `ensureConfig` merges the implicit config into the options, and afterwards a bound value and an inherited one
 * look the same. If that fails, the options pass as they are, and the call throws the error itself: in a batch,
 * the other inputs go on.
 */
class ResolvingChatOpenAI<CallOptions extends ChatOpenAICallOptions> extends ChatOpenAI<CallOptions> {
  protected withResolvedSession(options: Partial<CallOptions> | undefined): Partial<CallOptions> | undefined {
    return options;
  }

  override async stream(
    input: BaseLanguageModelInput,
    options?: Partial<CallOptions>,
  ): Promise<IterableReadableStream<AIMessageChunk>> {
    return super.stream(input, this.withResolvedSession(options) as CallOptions);
  }

  override async batch(
    inputs: BaseLanguageModelInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<AIMessageChunk[]> {
    const resolved = optionsOfEachInput(inputs.length, options).map((each) => this.resolvedOr(each));
    return super.batch(inputs, resolved as Partial<CallOptions>[], batchOptions as { returnExceptions?: false });
  }

  override streamEvents(input: BaseLanguageModelInput, options?: Partial<CallOptions>, streamOptions?: object): never {
    const resolved = this.resolvedOr(options) as Partial<CallOptions> & { version: "v2" };
    return super.streamEvents(input, resolved, streamOptions) as never;
  }

  override streamLog(
    input: BaseLanguageModelInput,
    options?: Partial<CallOptions>,
    streamOptions?: object,
  ): ReturnType<ChatOpenAI["streamLog"]> {
    return super.streamLog(input, this.resolvedOr(options), streamOptions);
  }

  private resolvedOr(options: Partial<CallOptions> | undefined): Partial<CallOptions> | undefined {
    try {
      return this.withResolvedSession(options);
    } catch {
      return options;
    }
  }
}

/** Typed as `ChatOpenAI`, so that users see the overloads of their version of core, which differ. */
export const EarlyResolvingChatOpenAI = ResolvingChatOpenAI as unknown as typeof ChatOpenAI;
