import { invalid } from "../utils/invalid.js";
import type { SessionChatOpenAIFields } from "./fields.js";

/**
 * Whether the fields ask for conversations by `previous_response_id`.
 *
 * @throws {TypeError} for a mistyped field, or if the runtime has no WebCrypto.
 */
export function checkUsePreviousResponseId({ usePreviousResponseId }: SessionChatOpenAIFields): boolean {
  if (usePreviousResponseId !== undefined && typeof usePreviousResponseId !== "boolean") {
    throw invalid('field "usePreviousResponseId"', "true or false", usePreviousResponseId);
  }
  if (usePreviousResponseId && globalThis.crypto?.subtle === undefined) {
    throw new TypeError('Field "usePreviousResponseId" needs WebCrypto, which browsers offer to secure contexts only.');
  }
  return usePreviousResponseId === true;
}
