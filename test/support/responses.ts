// For the tests that have not moved yet; goes with the last of them.
export {
  ENTRY_POINTS as ENTRIES,
  type EntryPoint as Entry,
  responseId,
  summarizeItems as inShort,
} from "./conversation.js";

import { sentTurns } from "./conversation.js";
import type { Gateway } from "./gateway/server.js";

export function asked(gateway: Gateway): { after: unknown; input: readonly string[] }[] {
  return sentTurns(gateway).map(({ previousResponseId: after, input }) => ({ after, input }));
}
