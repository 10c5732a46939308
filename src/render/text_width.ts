/**
 * East Asian letters and emoji: a terminal draws them two columns wide. A flag is two Regional Indicators,
 * which take two columns together, so that each counts as one.
 */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d37f}\u{1f000}-\u{1f1e5}\u{1f200}-\u{1faff}\u{20000}-\u{3fffd}]|(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u;

/** Marks without a column: a terminal draws them onto the letter before. Marks of `\p{Mc}` take a column. */
const MARK = /[\p{Mn}\p{Me}]/u;

/** More marks than any script puts on a letter. A terminal would draw them over the lines above and below. */
const MAX_MARKS = 4;

/** Cuts or pads a text to exactly `width` columns of a terminal. A cut text ends with "…". */
export function fitToWidth(text: string, width: number, align: "left" | "right" = "left"): string {
  let result = "";
  let columns = 0;
  let marks = 0;
  // The longest start of the text that leaves a column for "…".
  let start = { text: "", columns: 0 };
  // Without U+FE0F, which makes some signs wide emoji, but only in some terminals.
  for (const character of text.replaceAll("\ufe0f", "")) {
    const isMark = MARK.test(character);
    marks = isMark ? marks + 1 : 0;
    if (marks > MAX_MARKS) continue;
    columns += isMark ? 0 : WIDE.test(character) ? 2 : 1;
    if (columns > width) {
      result = `${start.text}…`;
      columns = start.columns + 1;
      break;
    }
    result += character;
    if (columns < width) start = { text: result, columns };
  }
  const padding = " ".repeat(width - columns);
  return align === "right" ? padding + result : result + padding;
}

/** Cuts a text to at most `width` columns of a terminal. */
export function cutToWidth(text: string, width: number): string {
  return fitToWidth(text, width).trimEnd();
}

/** Cuts a text to at most `width` columns in its middle: names of deployments differ at their ends. */
export function cutMiddle(text: string, width: number): string {
  const whole = cutToWidth(text, width);
  if (!whole.endsWith("…") || text.endsWith("…")) return whole;
  let end = "";
  for (const character of [...text].reverse()) {
    const longer = character + end;
    if (cutToWidth(longer, Math.floor(width / 3)) !== longer) break;
    end = longer;
  }
  return cutToWidth(text, width - Math.floor(width / 3)) + end;
}
