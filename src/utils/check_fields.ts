import { describeType } from "./invalid.js";

/**
 * Checks an object of fields or options. JavaScript and `any` let a string through, and a spread would ignore it.
 *
 * @param form The call as the user should write it: `new SessionLogs({ baseURL: "http://localhost:4000" })`.
 * @returns The fields. An empty object for undefined and null.
 * @throws {TypeError} that shows `form`. The message never contains the value, which may be a key.
 */
export function checkFields<Fields extends object>(fields: Fields | null | undefined, form: string): Partial<Fields> {
  if (fields === undefined || fields === null) return {};
  if (typeof fields === "object" && !Array.isArray(fields)) return fields;
  throw new TypeError(`Invalid fields: expected an object, as in ${form}; got ${describeType(fields)}.`);
}
