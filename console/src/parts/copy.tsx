import { announce } from "../shell/status-line";
import { Button } from "./button";
import { Icon } from "./icon";

/** Copies a text. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      announce(`${what} copied.`);
    } catch {
      announce("The browser does not allow copying here: select the text.");
    }
  }
  return (
    <Button look="quiet" small onClick={() => void copy()} aria-label={`Copy the ${what.toLowerCase()}`}>
      <Icon name="copy" size={16} />
      Copy
    </Button>
  );
}
