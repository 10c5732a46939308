export { getSessionId } from "./get_session_id.js";
export type { LiteLLMResponseMetadata } from "./litellm_response.js";
export {
  RunnableWithSession,
  type RunnableWithSessionCallOptions,
  type RunnableWithSessionFields,
  type RunnableWithSessionOptions,
  withSession,
} from "./runnable_with_session.js";
export { SessionBudgetError } from "./session_budget_error.js";
export { SessionCallbackHandler, type SessionCallbackHandlerFields } from "./session_callback_handler.js";
export { SessionChatOpenAI } from "./session_chat_openai.js";
export type { SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "./session_chat_openai_fields.js";
export { type SessionFetchOptions, sessionFetch } from "./session_fetch.js";
export { newSessionId, SessionIdError } from "./session_id.js";
export { SessionOpenAIEmbeddings, type SessionOpenAIEmbeddingsFields } from "./session_openai_embeddings.js";
export type { SessionCall, SessionSummary } from "./session_records.js";
export type { SessionTransport, SessionTransportFields } from "./session_transport.js";
