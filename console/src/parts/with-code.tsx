import type { ReactNode } from "react";

/** A text in which `commands` have their own font. */
export function withCode(text: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name
  return text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}
