/**
 * All exports of `langchain-litellm-session`.
 *
 * @module langchain-litellm-session
 */
export type { SessionCall, SessionStep } from "./callbacks/call_records.js";
export {
  SessionCallbackHandler,
  type SessionCallbackHandlerFields,
} from "./callbacks/session_callback_handler.js";
export type { SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "./chat_models/fields.js";
export { SessionChatOpenAI } from "./chat_models/session_chat_openai.js";
export { type SessionFetchOptions, sessionFetch } from "./clients/session_fetch.js";
export { type SessionHeadersConfig, sessionHeaders } from "./clients/session_headers.js";
export { getSessionId } from "./context/get_session_id.js";
export { SessionOpenAIEmbeddings, type SessionOpenAIEmbeddingsFields } from "./embeddings/session_openai_embeddings.js";
export type {
  SessionLogsFields,
  SessionLogsOptions,
  SessionLogsSearchOptions,
  SessionLogsWaitOptions,
} from "./logs/fields.js";
export type { SessionLogStep } from "./logs/row_step.js";
export type { SessionLogRow } from "./logs/rows.js";
export type { SessionListEntry } from "./logs/session_list.js";
export { SessionLogs } from "./logs/session_logs.js";
export { SessionLogsError, type SessionLogsErrorCode } from "./logs/session_logs_error.js";
export { renderSessionHtml } from "./render/html.js";
export type { SessionSource } from "./render/session_view.js";
export { type RenderSessionOptions, renderSession, type SessionTextPart } from "./render/text.js";
export type {
  AgentLike,
  RunnableWithSessionCallOptions,
  RunnableWithSessionFields,
  RunnableWithSessionOptions,
} from "./runnables/fields.js";
export { RunnableWithSession, type WithSession } from "./runnables/runnable_with_session.js";
export { withSession } from "./runnables/with_session.js";
export type { MissingSessionId } from "./session/default_session.js";
export type { SessionPathRun } from "./session/run_tree.js";
export { newSessionId } from "./session/session_id.js";
export { SessionIdError } from "./session/session_id_error.js";
export type { SessionTransport, SessionTransportFields } from "./transport/named_transports.js";
export { getLiteLLMMetadata, type LiteLLMResponseMetadata } from "./transport/response_headers.js";
export { SessionBudgetError } from "./transport/session_budget_error.js";
export type { SessionSummary } from "./utils/session_sums.js";
