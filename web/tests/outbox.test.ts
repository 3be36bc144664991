import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Outgoing } from "../src/calls/messages";
import { Refused, Unreachable } from "../src/http";
import { Outbox } from "../src/outbox";
import { EMPTY, sending, settled, type Pending, type Timeline } from "../src/timeline";
import { message } from "./samples";

let timeline: Timeline;
let answers: (Error | null)[];
let sent: Outgoing[];
let outbox: Outbox;
let now: number;

const pending = (nonce: string): Pending => ({
  nonce,
  content: `text ${nonce}`,
  at: new Date(0).toISOString(),
  replyTo: null,
  files: [],
  status: "sending",
});
const statuses = (): string[] => timeline.pending.map(({ nonce, status }) => `${nonce} ${status}`);

beforeEach(() => {
  vi.useFakeTimers();
  [timeline, answers, sent, now] = [EMPTY, [], [], 0];
  for (const nonce of ["a", "b", "c"]) timeline = sending(timeline, pending(nonce));
  outbox = new Outbox(
    {
      pending: () => timeline.pending,
      changed: (_, one) => (timeline = sending(timeline, one)),
      posted: (_, nonce) => (timeline = settled(timeline, nonce)),
      post: async (_, one) => {
        sent.push(one);
        const error = answers.shift();
        if (error) throw error;
        return message("1");
      },
    },
    () => 1,
    () => now,
  );
});
afterEach(() => vi.useRealTimers());

test("messages go out one after the other, each once", async () => {
  await Promise.all([outbox.drain("1"), outbox.drain("1")]);
  expect(sent.map(({ nonce }) => nonce)).toEqual(["a", "b", "c"]);
  expect(timeline.pending).toEqual([]);
});

test("one that is refused says why and holds up none", async () => {
  answers = [new Refused(400, 50035, "Invalid Form Body", { content: "Too long." })];
  await outbox.drain("1");
  expect(statuses()).toEqual(["a failed"]);
  expect(timeline.pending[0]!.problem).toBe("Too long.");
});

test("while the server is away they wait, in order, and go again with the same nonce", async () => {
  answers = [null, new Unreachable()];
  await outbox.drain("1");
  expect(statuses()).toEqual(["b waiting", "c sending"]);
  await vi.advanceTimersByTimeAsync(500);
  expect(sent.map(({ nonce }) => nonce)).toEqual(["a", "b", "b", "c"]);
  expect(timeline.pending).toEqual([]);
});

test("after the hour for which the server knows a nonce nothing goes out again by itself", async () => {
  answers = [new Unreachable()];
  await outbox.drain("1");
  now = 3_600_000;
  await vi.advanceTimersByTimeAsync(500);
  expect(statuses()).toEqual(["a failed"]);
  expect(sent.map(({ nonce }) => nonce)).toEqual(["a", "b", "c"]);
});

test("what it can not understand does not keep later ones from going out", async () => {
  answers = [new SyntaxError("no JSON")];
  await expect(outbox.drain("1")).rejects.toThrow("no JSON");
  await outbox.drain("1");
  expect(sent.map(({ nonce }) => nonce)).toEqual(["a", "a", "b", "c"]);
});
