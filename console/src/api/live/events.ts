/** Server-sent events, parsed as the HTML standard says. */

export interface StreamEvent {
  event: string;
  data: string;
  /** The last id of the stream: where it can be resumed. */
  id: string;
}

/** Takes the text of a stream in pieces, returns the events that are complete. */
export class EventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id = "";

  push(text: string): StreamEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line.replace(/\r$/, "")));
  }

  #line(line: string): StreamEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return []; // a comment: the heartbeat
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return [];
  }

  #dispatch(): StreamEvent[] {
    const complete = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    const isEmpty = this.#data.length === 0;
    [this.#event, this.#data] = ["", []];
    return isEmpty ? [] : [complete];
  }
}
