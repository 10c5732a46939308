import type { Writable } from "node:stream";
import { styleText } from "node:util";
import type { SessionTextPart } from "../render_session.js";

/** Where the command writes, and whether a person looks at it. */
export type Output = Writable & { readonly isTTY?: boolean; hasColors?(): boolean };

/** Writes lines, coloured where a person looks at them. */
export class Terminal {
  private readonly hasColors: boolean;

  private hasProgress = false;

  constructor(
    readonly out: Output,
    private readonly progressOut: Output,
  ) {
    // `hasColors` knows NO_COLOR, FORCE_COLOR and dumb terminals.
    this.hasColors = out.isTTY === true && out.hasColors?.() === true;
  }

  print(text: string): void {
    this.endProgress();
    this.out.write(`${text}\n`);
  }

  /** The text in the colour of what it is. */
  readonly style = (part: SessionTextPart, text: string): string => {
    const format = { title: "bold", muted: "dim", ok: "green", failed: "red" } as const;
    return this.hasColors ? styleText(format[part], text) : text;
  };

  /** Shows how far something is, on one line that changes. Where nobody looks: once. */
  progress(text: string): void {
    if (this.progressOut.isTTY) this.progressOut.write(`\r\x1b[K${text}`);
    else if (!this.hasProgress) this.progressOut.write(`${text}\n`);
    this.hasProgress = true;
  }

  endProgress(): void {
    if (this.hasProgress && this.progressOut.isTTY) this.progressOut.write("\r\x1b[K");
    this.hasProgress = false;
  }

  /** Empties the screen, where there is one. */
  clear(): void {
    if (this.out.isTTY) this.out.write("\x1b[H\x1b[2J\x1b[3J");
  }
}
