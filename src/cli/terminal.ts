import type { Writable } from "node:stream";
import { styleText } from "node:util";
import type { SessionTextPart } from "../render/text.js";
import { cutToWidth } from "../render/text_width.js";

/** Where the command writes, and whether a person looks at it. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; hasColors?(): boolean };

/** Writes lines. Colours, and lines that change, only where a person looks at them. */
export class Terminal {
  private readonly hasCodes: boolean;

  private readonly progressHasCodes: boolean;

  private hasProgress = false;

  constructor(
    readonly out: Output,
    private readonly progressOut: Output,
  ) {
    this.hasCodes = obeysCodes(out);
    this.progressHasCodes = obeysCodes(progressOut);
  }

  print(text: string): void {
    this.endProgress();
    this.out.write(`${text}\n`);
  }

  /** The text in the colour of what it is. */
  readonly style = (part: SessionTextPart, text: string): string => {
    const format = { title: "bold", muted: "dim", ok: "green", failed: "red" } as const;
    return this.hasCodes ? styleText(format[part], text) : text;
  };

  /** Shows how far something is, on one line that changes. Where no line can change: once. */
  progress(text: string): void {
    // A line that is broken in two could not be taken away. Some terminals have 0 columns.
    const columns = this.progressOut.columns || 80;
    if (this.progressHasCodes) this.progressOut.write(`\r\x1b[K${cutToWidth(text, columns - 1)}`);
    else if (!this.hasProgress) this.progressOut.write(`${text}\n`);
    this.hasProgress = true;
  }

  endProgress(): void {
    if (this.hasProgress && this.progressHasCodes) this.progressOut.write("\r\x1b[K");
    this.hasProgress = false;
  }

  /** Empties the screen, where there is one. */
  clear(): void {
    if (this.hasCodes) this.out.write("\x1b[H\x1b[2J\x1b[3J");
  }
}

/** `hasColors` knows NO_COLOR, FORCE_COLOR and dumb terminals. */
function obeysCodes(output: Output): boolean {
  return output.isTTY === true && output.hasColors?.() === true;
}
