import { isEmpty, type SessionAdditions } from "../transport/write_session_id.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import { parseJson } from "../utils/parse_json.js";
import { type JsonObject, spliceFields } from "./splice_fields.js";

/** A request body that can hold session fields. */
export interface WritableBody {
  /** The fields of the body. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Returns a body with the additions. The original stays as it is. Undefined if it can hold none of them. */
  write(additions: SessionAdditions): string | FormData | undefined;
}

/**
 * Reads the body of a POST request. Undefined for a body that gets the header alone: JSON-RPC (MCP rejects other
 * fields), JSON that is no object, a stream, bytes, a blob, search parameters.
 *
 * @param request A `Request`, which stays readable.
 * @param body The `body` of the second argument of `fetch`. It overrides that of the request.
 */
export async function readBody(
  request: Request | undefined,
  body: unknown,
  contentType: string,
): Promise<WritableBody | undefined> {
  if (body instanceof FormData) return formBody(body);
  const isJson = /^application\/([\w.+-]+\+)?json\b/i.test(contentType);
  if (typeof body === "string") return isJson ? jsonBody(body) : undefined;
  if ((body !== undefined && body !== null) || !request?.body || request.bodyUsed) return undefined;
  if (isJson) return jsonBody(decodeUtf8(await request.clone().arrayBuffer()));
  if (!/^multipart\/form-data\b/i.test(contentType)) return undefined;
  const form = await request
    .clone()
    .formData()
    .catch(() => undefined);
  return form && formBody(form);
}

function jsonBody(text: string | undefined): WritableBody | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (text === undefined || !isPlainObject(value) || typeof value.jsonrpc === "string") return undefined;
  const object: JsonObject = { text, value };
  return { fields: value, write: ({ body, metadata }) => spliceFields(object, body, metadata) };
}

/** Files are shared with the copy: their bytes are not read. A form has no `metadata` object to write into. */
function formBody(form: FormData): WritableBody {
  const { metadata: _, ...fields } = Object.fromEntries(form);
  return {
    fields,
    write({ body }) {
      if (isEmpty(body)) return undefined;
      const copy = new FormData();
      for (const [name, value] of Object.entries(body)) copy.append(name, value);
      for (const [name, value] of form) copy.append(name, value as string);
      return copy;
    },
  };
}

/** Undefined for bytes that are no UTF-8: decoded and encoded again they would be others. */
function decodeUtf8(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
