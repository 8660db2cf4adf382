/** The images that this page sends. */

import type { LiveFailure, LiveResult } from "../../api/live/protocol";
import { asProblem, Problem } from "../../api/problems";
import { type Answer, readAnswer } from "../../overlays/answer";
import { bytes } from "../../parts/format";
import { send } from "./send";

export interface Upload {
  /** Unique in this page. */
  number: number;
  file: File;
  /** The address of a preview. */
  preview: string;
  state: "sending" | "accepted" | "answered" | "refused";
  /** Of the file that has been sent, 0 to 1. */
  progress: number;
  id: string | null;
  answers: readonly Answer[];
  /** The stages that have answered, also those whose answer is not drawn. */
  answered: readonly string[];
  failures: readonly { stage: string; reason: string }[];
  /** Why it was refused. */
  message: string;
}

export interface Totals {
  all: number;
  sent: number;
  answered: number;
  refused: number;
}

const PARALLEL = 4;
/** The last that were sent are shown; of older ones only the numbers stay. */
export const MOST_SHOWN = 200;

export class Uploads {
  #uploads: readonly Upload[] = [];
  #queue: File[] = [];
  #sending = 0;
  #next = 1;
  #totals: Totals = { all: 0, sent: 0, answered: 0, refused: 0 };
  readonly #listeners = new Set<() => void>();
  /** Answers may come before the response to the upload. */
  readonly #early = new Map<string, (LiveResult | LiveFailure)[]>();

  /** How many stages answer. */
  stages = 1;
  /** The bytes of the largest image that the pipeline accepts. */
  largest = Number.POSITIVE_INFINITY;

  /** @param address Where images are sent to. */
  constructor(private readonly address: string) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Those that are being sent or were sent, the last first. */
  readonly shown = (): readonly Upload[] => this.#uploads;

  readonly totals = (): Totals => this.#totals;

  add(files: readonly File[]): void {
    this.#queue.push(...files);
    this.#totals = { ...this.#totals, all: this.#totals.all + files.length };
    this.#changed();
    while (this.#sending < PARALLEL && this.#queue.length > 0) void this.#sendNext();
  }

  /** Take answers from the live stream or from the document of an image. */
  take(event: LiveResult | LiveFailure): void {
    const upload = this.#uploads.find((one) => one.id === event.id);
    if (upload) this.#answer(upload, event);
    else if (this.#sending > 0) this.#early.set(event.id, [...(this.#early.get(event.id) ?? []), event]);
  }

  /** Those that were accepted and have no complete answer yet, oldest first. */
  unanswered(): Upload[] {
    return this.#uploads.filter((upload) => upload.state === "accepted").toReversed();
  }

  async #sendNext(): Promise<void> {
    const file = this.#queue.shift();
    if (!file) return;
    this.#sending += 1;
    const number = this.#start(file);
    try {
      checkSize(file, this.largest);
      const id = await send({
        address: this.address,
        file,
        idempotencyKey: crypto.getRandomValues(new Uint32Array(4)).join("-"),
        onProgress: (progress) => this.#set(number, { progress }),
      });
      this.#totals = { ...this.#totals, sent: this.#totals.sent + 1 };
      this.#set(number, { state: "accepted", progress: 1, id });
      for (const event of this.#early.get(id) ?? []) this.take(event);
    } catch (error) {
      this.#totals = { ...this.#totals, refused: this.#totals.refused + 1 };
      this.#set(number, { state: "refused", message: asProblem(error).message });
    } finally {
      this.#sending -= 1;
      if (this.#sending === 0) this.#early.clear();
      void this.#sendNext();
    }
  }

  #start(file: File): number {
    const upload = {
      ...{
        number: this.#next++,
        file,
        preview: URL.createObjectURL(file),
        state: "sending" as const,
        progress: 0,
      },
      ...{ id: null, answers: [], answered: [], failures: [], message: "" },
    };
    for (const { preview } of this.#uploads.slice(MOST_SHOWN - 1)) URL.revokeObjectURL(preview);
    this.#uploads = [upload, ...this.#uploads.slice(0, MOST_SHOWN - 1)];
    this.#changed();
    return upload.number;
  }

  #answer(upload: Upload, event: LiveResult | LiveFailure): void {
    const { stage } = event;
    const answers = upload.answers.filter((answer) => answer.stage !== stage);
    const failures = upload.failures.filter((failure) => failure.stage !== stage);
    if ("reason" in event) failures.push({ stage, reason: event.reason });
    else {
      const answer = readAnswer(event.data);
      if (answer) answers.push(answer);
    }
    const answered = [...new Set([...upload.answered, stage])];
    const isComplete = answered.length >= this.stages;
    if (isComplete && upload.state === "accepted") {
      this.#totals = { ...this.#totals, answered: this.#totals.answered + 1 };
    }
    this.#set(upload.number, { answers, failures, answered, state: isComplete ? "answered" : upload.state });
  }

  #set(number: number, change: Partial<Upload>): void {
    this.#uploads = this.#uploads.map((upload) =>
      upload.number === number ? { ...upload, ...change } : upload,
    );
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Refuse a file before it is sent.
 *
 * @throws Problem
 */
function checkSize({ size }: File, largest: number): void {
  if (size === 0) throw new Problem(400, "Not an image", "The file is empty.");
  if (size <= largest) return;
  const limit = `The pipeline accepts images of up to ${bytes(largest)} (spec.images.maxBytes).`;
  throw new Problem(413, "Too large", `The file has ${bytes(size)}. ${limit}`);
}
