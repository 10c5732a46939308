import type { BaseLanguageModelInput, StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import type { BaseMessage } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";
import type { SerializableSchema } from "@langchain/core/utils/standard_schema";
import type { InteropZodType } from "@langchain/core/utils/types";
import type { ChatOpenAICallOptions } from "@langchain/openai";
import { EarlyResolvingChatOpenAI } from "./early_resolution.js";

// biome-ignore lint/suspicious/noExplicitAny: LangChain's bound, which an interface of the user's satisfies.
type Output = Record<string, any>;

type OutputSchema<RunOutput extends Output> = InteropZodType<RunOutput> | SerializableSchema<RunOutput> | Output;

/** What `withStructuredOutput` returns. ChatOpenAI declares it without call options, though it takes the model's. */
type Structured<RunOutput, CallOptions extends ChatOpenAICallOptions> = Runnable<
  BaseLanguageModelInput,
  RunOutput,
  CallOptions
>;

type Raw<RunOutput> = { raw: BaseMessage; parsed: RunOutput };

/** `ChatOpenAI` whose structured output takes call options, such as `sessionId`, in its types too. */
export class StructuredOutputChatOpenAI<
  CallOptions extends ChatOpenAICallOptions,
> extends EarlyResolvingChatOpenAI<CallOptions> {
  override withStructuredOutput<RunOutput extends Output = Output>(
    outputSchema: OutputSchema<RunOutput>,
    config?: StructuredOutputMethodOptions<false>,
  ): Structured<RunOutput, CallOptions>;
  override withStructuredOutput<RunOutput extends Output = Output>(
    outputSchema: OutputSchema<RunOutput>,
    config?: StructuredOutputMethodOptions<true>,
  ): Structured<Raw<RunOutput>, CallOptions>;
  override withStructuredOutput<RunOutput extends Output = Output>(
    outputSchema: OutputSchema<RunOutput>,
    config?: StructuredOutputMethodOptions<boolean>,
  ): Structured<RunOutput, CallOptions> | Structured<Raw<RunOutput>, CallOptions>;
  override withStructuredOutput(outputSchema: Output, config?: StructuredOutputMethodOptions<boolean>): never {
    return super.withStructuredOutput(outputSchema, config) as never;
  }
}
