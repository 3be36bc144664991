import { expect, test } from "vitest";
import { backoff } from "../src/backoff";

test("waits double from half a second up to twenty seconds", () => {
  expect([0, 1, 2, 5, 6, 60].map((attempt) => backoff(attempt, 1))).toEqual([500, 1000, 2000, 16000, 20000, 20000]);
});

test("waits are spread over the upper half of their bound", () => {
  expect([backoff(3, 0), backoff(3, 0.5)]).toEqual([2000, 3000]);
});
