export { getSessionId } from "./get_session_id.js";
export {
  RunnableWithSession,
  type RunnableWithSessionCallOptions,
  type RunnableWithSessionFields,
  type RunnableWithSessionOptions,
  withSession,
} from "./runnable_with_session.js";
export { SessionCallbackHandler, type SessionCallbackHandlerFields } from "./session_callback_handler.js";
export { SessionChatOpenAI } from "./session_chat_openai.js";
export type { SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "./session_chat_openai_fields.js";
export { newSessionId, SessionIdError } from "./session_id.js";
export type { SessionTransport, SessionTransportFields } from "./session_transport.js";
