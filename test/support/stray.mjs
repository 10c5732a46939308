// Loaded before the demo: the fifth request of the process gets the session id of nobody.
import { ChatOpenAICompletions } from "@langchain/openai";

const send = ChatOpenAICompletions.prototype.completionWithRetry;
let requests = 0;

ChatOpenAICompletions.prototype.completionWithRetry = function (body, options) {
  requests += 1;
  return send.call(this, requests === 5 ? { ...body, litellm_session_id: "stray" } : body, options);
};
