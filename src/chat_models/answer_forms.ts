import {
  _mergeDicts,
  _mergeLists,
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  type MessageOutputVersion,
  mergeContent,
  mergeResponseMetadata,
} from "@langchain/core/messages";
import type { AnswerForms } from "../conversation/conversation_turn.js";

/**
 * The messages that LangChain makes of an answer. A stamp must be valid for each of them, and the model stamps the
 * answer before LangChain joins or converts it.
 */
export class LangChainForms implements AnswerForms {
  /** @param outputVersion With `"v1"`, BaseChatModel converts answers to content blocks. */
  constructor(private readonly outputVersion: MessageOutputVersion | undefined) {}

  ofAnswer(answer: BaseMessage): BaseMessage[] {
    return this.outputVersion === "v1" ? [answer, toV1(answer)] : [answer];
  }

  /**
   * BaseChatModel converts each chunk of `stream`. If it streams inside `invoke`, it joins the chunks first. In
   * `on_chat_model_end` of `stream` it does not convert the answer.
   */
  ofChunks(chunks: readonly AIMessageChunk[]): BaseMessage[] {
    const forms = this.ofAnswer(joinChunks(chunks));
    return this.outputVersion === "v1" ? [...forms, joinChunks(chunks.map(toV1))] : forms;
  }

  /** ChatModelStream joins the events of `streamEvents` v3 to a message with content blocks. */
  ofBlocks(blocks: readonly unknown[], responseMetadata: Readonly<Record<string, unknown>>): BaseMessage[] {
    const content = blocks.filter((block) => block != null) as AIMessage["content"];
    return [new AIMessage({ content, response_metadata: { ...responseMetadata, output_version: "v1" } })];
  }
}

/** What `reduce` with `concat` returns, without creating a message per chunk. */
function joinChunks([first, ...others]: readonly AIMessageChunk[]): AIMessageChunk {
  let { content, additional_kwargs, response_metadata, tool_call_chunks } = first as AIMessageChunk;
  for (const chunk of others) {
    content = mergeContent(content, chunk.content);
    additional_kwargs = _mergeDicts(additional_kwargs, chunk.additional_kwargs) ?? {};
    response_metadata = mergeResponseMetadata(response_metadata, chunk.response_metadata);
    tool_call_chunks = mergeLists(tool_call_chunks, chunk.tool_call_chunks) ?? [];
  }
  return new AIMessageChunk({ content, additional_kwargs, response_metadata, tool_call_chunks });
}

/** Core declares content blocks as the items, and merges its tool call chunks by it. */
const mergeLists = _mergeLists as unknown as <Item>(left?: Item[], right?: Item[]) => Item[] | undefined;

/** `castStandardMessageContent` of core, which exports it nowhere. */
function toV1<Message extends BaseMessage>(message: Message): Message {
  const Class = message.constructor as new (fields: object) => Message;
  const response_metadata = { ...message.response_metadata, output_version: "v1" };
  return new Class({ ...message, content: message.contentBlocks, response_metadata });
}
