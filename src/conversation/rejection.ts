/**
 * Whether an error rejects the previous response, because it is unknown, expired or of another key. OpenAI sets
 * `code`. LiteLLM quotes OpenAI's error in its message, after `litellm.BadRequestError: OpenAIException - `. Its
 * message for another key is `Forbidden. The response id is not associated with the user, who this key belongs to`.
 */
export function isPreviousResponseRejected(error: unknown, previousResponseId: string): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { status, code, param, message } = error as Record<"status" | "code" | "param" | "message", unknown>;
  if (status !== 400 && status !== 403 && status !== 404) return false;
  if (code === "previous_response_not_found" || param === "previous_response_id") return true;
  return (
    typeof message === "string" &&
    (message.includes(previousResponseId) || /previous_response|\bresponse id\b|\bresp_/i.test(message))
  );
}
