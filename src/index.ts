export { getSessionId } from "./get_session_id.js";
export type { LiteLLMResponseMetadata } from "./litellm_response.js";
export { type RenderSessionOptions, renderSession, type SessionTextPart } from "./render_session.js";
export { renderSessionHtml } from "./render_session_html.js";
export { RunnableWithSession, withSession } from "./runnable_with_session.js";
export type {
  RunnableWithSessionCallOptions,
  RunnableWithSessionFields,
  RunnableWithSessionOptions,
} from "./runnable_with_session_fields.js";
export { SessionBudgetError } from "./session_budget_error.js";
export { SessionCallbackHandler, type SessionCallbackHandlerFields } from "./session_callback_handler.js";
export { SessionChatOpenAI } from "./session_chat_openai.js";
export type { SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "./session_chat_openai_fields.js";
export { type SessionFetchOptions, sessionFetch } from "./session_fetch.js";
export { newSessionId, SessionIdError } from "./session_id.js";
export {
  SessionLogs,
  type SessionLogsFields,
  type SessionLogsOptions,
  type SessionLogsWaitOptions,
} from "./session_logs.js";
export { SessionLogsError, type SessionLogsErrorCode } from "./session_logs_error.js";
export type { SessionLogRow } from "./session_logs_rows.js";
export { SessionOpenAIEmbeddings, type SessionOpenAIEmbeddingsFields } from "./session_openai_embeddings.js";
export type { SessionSource } from "./session_picture.js";
export type { SessionCall, SessionSummary } from "./session_records.js";
export type { SessionTransport, SessionTransportFields } from "./session_transport.js";
