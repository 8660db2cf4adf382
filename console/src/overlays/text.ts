/** Text that comes from models and senders, made fit to show: one line, no control characters, bounded. */

const MOST_CHARACTERS = 80;
// Controls, and marks that reorder the text around them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]+/g;

/** `text` in one line of at most `most` characters; "?" if nothing is left of it. */
export function shownText(text: unknown, most = MOST_CHARACTERS): string {
  if (typeof text !== "string") return "?";
  // Bounded before it is searched: a label may have a megabyte.
  const line = text
    .slice(0, most * 4)
    .replace(UNFIT, " ")
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...line];
  if (characters.length === 0) return "?";
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join("")}…`;
}

/** A score or a fraction as it is drawn: two places, as in summaries. */
export function shownScore(score: number): string {
  return score.toFixed(2);
}
