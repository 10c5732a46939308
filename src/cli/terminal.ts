import type { Writable } from "node:stream";
import { styleText } from "node:util";
import type { SessionTextPart } from "../render/text.js";
import { cutToWidth } from "../render/text_width.js";
import { redactSecrets } from "../utils/secrets.js";

/** `process.stdout` or `process.stderr`: a terminal, a pipe or a file. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; hasColors?(): boolean };

/**
 * Writes lines. Writes colours and lines that change only to a terminal, not to a pipe or a file. All output of the
 * command goes through it: it is the one place that removes secrets.
 */
export class Terminal {
  private readonly takesCodes: boolean;

  private readonly progressTakesCodes: boolean;

  private hasProgress = false;

  /** @param apiKey The key to remove from all that is printed. */
  constructor(
    private readonly out: Output,
    private readonly progressOut: Output,
    private readonly apiKey: string | undefined,
  ) {
    this.takesCodes = supportsCodes(out);
    this.progressTakesCodes = supportsCodes(progressOut);
  }

  print(text: string): void {
    this.endProgress();
    this.write(`${text}\n`);
  }

  /** Writes a text as it is. Returns false if the reader is slow: wait for {@link drained}. */
  write(text: string): boolean {
    return this.out.write(this.redact(text));
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.out.once("drain", resolve));
  }

  printError(text: string): void {
    this.endProgress();
    this.progressOut.write(`${this.redact(text)}\n`);
  }

  /** Removes the API key, other keys, tokens and passwords. */
  redact(text: string): string {
    return redactSecrets(text, this.apiKey);
  }

  /** The width for `renderSession`: that of the terminal, from 80 to 200. 100 in a pipe or a file. */
  get width(): number {
    return this.out.isTTY && this.out.columns ? Math.max(80, Math.min(200, this.out.columns)) : 100;
  }

  /** The `style` option of `renderSession`. */
  readonly style = (part: SessionTextPart, text: string): string => {
    const format = { title: "bold", muted: "dim", ok: "green", failed: "red" } as const;
    return this.takesCodes ? styleText(format[part], text) : text;
  };

  /**
   * Replaces the progress line by this text. A terminal without codes gets only the first text, and so does a pipe if
   * `isForPipes`: else a pipe gets none.
   */
  progress(text: string, isForPipes = false): void {
    if (!this.progressOut.isTTY && !isForPipes) return;
    const line = this.redact(text);
    // Cut, because `endProgress` can't remove a line that the terminal wraps. Some terminals report 0 columns.
    const columns = this.progressOut.columns || 80;
    if (this.progressTakesCodes) this.progressOut.write(`\r\x1b[K${cutToWidth(line, columns - 1)}`);
    else if (!this.hasProgress) this.progressOut.write(`${line}\n`);
    this.hasProgress = true;
  }

  endProgress(): void {
    if (this.hasProgress && this.progressTakesCodes) this.progressOut.write("\r\x1b[K");
    this.hasProgress = false;
  }

  /** Clears the screen of a terminal, and leaves its scrollback. */
  clear(): void {
    if (this.takesCodes) this.out.write("\x1b[H\x1b[2J");
  }
}

/** Node's `hasColors` reads NO_COLOR, FORCE_COLOR and TERM. */
function supportsCodes(output: Output): boolean {
  return output.isTTY === true && output.hasColors?.() === true;
}
