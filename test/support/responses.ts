// For the tests that have not moved yet; goes with the last of them.
export { asked, ENTRIES, type Entry, inShort, responseId } from "./conversation.js";
