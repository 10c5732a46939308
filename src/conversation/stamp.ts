import type { BaseMessage } from "@langchain/core/messages";
import { CanonicalWriter } from "./canonical_text.js";
import { isResponseId, type Response, writeMessage } from "./history.js";
import { hex } from "./stamp_keys.js";

/** Hexadecimal digits of an HMAC-SHA256. */
const DIGEST = /^[0-9a-f]{64}$/;

/** An answer can become at most this many messages, depending on how LangChain joins the chunks of a stream. */
const MAX_FORMS = 3;

const encoder = new TextEncoder();

/**
 * The messages of a call, written and encoded once, to verify the stamp of the last response and to stamp the answer.
 * A stamp is an HMAC-SHA256 of the requested model, of the messages up to the answer, and of the answer's response id.
 */
export class StampedHistory {
  private constructor(
    private readonly key: CryptoKey,
    /** The bytes that the stamp of the last response is made of. */
    private readonly head: Uint8Array<ArrayBuffer>,
    /** How many of those bytes are the requested model and messages. */
    private readonly messageBytes: number,
    /** The messages after the last response. */
    private readonly tail: Uint8Array,
  ) {}

  /** @throws for a message that can't be written, such as one that contains itself. */
  static create(
    messages: readonly BaseMessage[],
    model: string,
    key: CryptoKey,
    lastResponse: Response | undefined,
  ): StampedHistory {
    let head = `${write(model)}\n`;
    let tail = "";
    for (const [index, message] of messages.entries()) {
      if (lastResponse && index <= lastResponse.index) head += writeMessage(message);
      else tail += writeMessage(message);
    }
    const id = write(lastResponse?.id ?? "");
    const bytes = encoder.encode(head + id);
    return new StampedHistory(key, bytes, bytes.length - encoder.encode(id).length, encoder.encode(tail));
  }

  /** Whether a key of the same app made this stamp for this answer to this history. */
  async verify(stamp: unknown): Promise<boolean> {
    if (typeof stamp !== "string") return false;
    const digests = stamp.split(".", MAX_FORMS + 1);
    if (digests.length > MAX_FORMS || !digests.every((digest) => DIGEST.test(digest))) return false;
    const expected = await this.digest(this.head);
    return digests.some((digest) => isEqual(digest, expected));
  }

  /**
   * Stamps the answer to the history.
   *
   * @param forms The messages that the answer can become. The stamp is valid for each of them.
   * @returns Undefined if nobody can continue the answer: it has no response id, or the provider still works on it.
   * @throws for a form that can't be written.
   */
  async stamp(forms: readonly BaseMessage[]): Promise<string | undefined> {
    const { id, status } = (forms[0]?.response_metadata ?? {}) as { id?: unknown; status?: unknown };
    if (!isResponseId(id) || !isFinished(status)) return undefined;
    const answers = [...new Set(forms.map((form) => writeMessage(form) + write(id)))];
    const digests = answers.map((answer) => {
      const answerBytes = encoder.encode(answer);
      const bytes = new Uint8Array(this.messageBytes + this.tail.length + answerBytes.length);
      bytes.set(this.head.subarray(0, this.messageBytes));
      bytes.set(this.tail, this.messageBytes);
      bytes.set(answerBytes, this.messageBytes + this.tail.length);
      return this.digest(bytes);
    });
    return (await Promise.all(digests)).join(".");
  }

  private async digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    return hex(new Uint8Array(await crypto.subtle.sign("HMAC", this.key, bytes)));
  }
}

function write(text: string): string {
  return new CanonicalWriter().write(text) as string;
}

/**
 * The provider has all of an answer that is `incomplete`, which reached a limit: LangChain returns it like any other,
 * and ChatOpenAI sends it again. An answer in the `background` is still empty, and grows later.
 */
function isFinished(status: unknown): boolean {
  return status === undefined || status === null || status === "completed" || status === "incomplete";
}

/** Takes the same time wherever two digests differ. */
function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}
