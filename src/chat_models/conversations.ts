import type { BaseMessage } from "@langchain/core/messages";
import type { ChatOpenAI, ChatOpenAIResponses } from "@langchain/openai";
import { ConversationTurn } from "../conversation/conversation_turn.js";
import { type ConversationBodyFields, isAnswerContinuable } from "../conversation/plan.js";
import { StampKeys } from "../conversation/stamp_keys.js";
import { LangChainForms } from "./answer_forms.js";
import { askerOf } from "./inner_models.js";

/** The conversations of a model with `usePreviousResponseId`. Its copies share them, and the secret of their stamps. */
export class Conversations {
  private readonly stampKeys = new StampKeys();

  /** Prepares one call. Undefined if nobody can continue its answer. */
  turn(
    { model, modelKwargs, zdrEnabled, outputVersion }: ChatOpenAI,
    responses: ChatOpenAIResponses,
    messages: BaseMessage[],
    options: ChatOpenAI["ParsedCallOptions"],
    extraBody: Readonly<Record<string, unknown>> | undefined,
  ): ConversationTurn | undefined {
    const { previous_response_id } = options;
    const body: ConversationBodyFields = { previous_response_id, ...modelKwargs, ...extraBody };
    if (!isAnswerContinuable(body, zdrEnabled)) return undefined;
    const call = {
      messages,
      body,
      model: typeof body.model === "string" ? body.model : model,
      stampKey: () => this.stampKeys.get(askerOf(responses)),
    };
    return new ConversationTurn(call, new LangChainForms(options.outputVersion ?? outputVersion));
  }
}
