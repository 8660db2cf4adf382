import { expect, test } from "vitest";
import { asProblem, Problem, problemFrom } from "./problems";

test("a problem document says what is wrong and what to do", () => {
  const document = {
    type: "https://darkroom.dev/problems/kafka-unavailable",
    title: "Kafka is not available",
    detail: "Try again in a moment.",
  };
  const problem = problemFrom(document, 503, 2);
  expect([problem.kind, problem.title, problem.message, problem.retryAfter]).toEqual([
    "kafka-unavailable",
    "Kafka is not available",
    "Try again in a moment.",
    2,
  ]);
});

test.each([null, "<html>", 7, {}, { title: 3, detail: "" }])(
  "an answer of a proxy is a problem too: %j",
  (answer) => {
    expect(problemFrom(answer, 502).message).toBe("The service answered with HTTP 502.");
  },
);

test("a fetch that failed means that the service was not reached", () => {
  expect(asProblem(new TypeError("Failed to fetch")).title).toBe("The service does not answer");
  const problem = new Problem(404, "Not found", "no image");
  expect(asProblem(problem)).toBe(problem);
});
