import { expect, test } from "vitest";
import { rows, type Row } from "../src/rows";
import type { Pending } from "../src/timeline";
import type { Message } from "../src/wire";
import { ben, me, message } from "./samples";

const at = (id: string, time: string, more: Partial<Message> = {}): Message =>
  message(id, { timestamp: `2026-03-${time}:00Z`, ...more });
const drawn = (lines: Row[]): string[] =>
  lines.map((line) => {
    if (line.kind === "message") return `${line.message.id}${line.leads ? " leads" : ""}`;
    return line.kind === "pending" ? `${line.pending.nonce}${line.leads ? " leads" : ""}` : line.kind;
  });

test("messages of one author within seven minutes are one group", () => {
  const messages = [
    at("10", "01T12:00"),
    at("11", "01T12:06"),
    at("12", "01T12:13"),
    at("13", "01T12:14", { author: me }),
  ];
  expect(drawn(rows(messages, [], me.id, null))).toEqual(["day", "10 leads", "11", "12 leads", "13 leads"]);
});

test("a reply begins a group", () => {
  const messages = [at("10", "01T12:00"), at("11", "01T12:01", { type: 19 })];
  expect(drawn(rows(messages, [], me.id, null))).toEqual(["day", "10 leads", "11 leads"]);
});

test("a notice and another name of one author begin a group", () => {
  const renamed = { ...message("1", {}).author, username: "herald" };
  const messages = [at("10", "01T12:00"), at("11", "01T12:01", { type: 6 }), at("12", "01T12:01", { author: renamed })];
  expect(drawn(rows(messages, [], me.id, null))).toEqual(["day", "10 leads", "11 leads", "12 leads"]);
});

test("each day begins with its name", () => {
  const messages = [at("10", "01T12:00"), at("11", "03T12:01")];
  expect(drawn(rows(messages, [], me.id, null))).toEqual(["day", "10 leads", "day", "11 leads"]);
});

test("the new ones begin after the last that was seen, and never with one's own", () => {
  const messages = [at("10", "01T12:00"), at("11", "01T12:01"), at("12", "01T12:02")];
  expect(drawn(rows(messages, [], me.id, "10"))).toEqual(["day", "10 leads", "new", "11 leads", "12"]);
  expect(drawn(rows(messages, [], ben.id, "10"))).toEqual(["day", "10 leads", "11", "12"]);
});

test("what is still being sent follows one's own group", () => {
  const pending = (nonce: string): Pending => ({
    nonce,
    content: "",
    at: "2026-03-01T12:02:00Z",
    replyTo: null,
    files: [],
    status: "sending",
  });
  const own = [at("10", "01T12:00", { author: me })];
  expect(drawn(rows(own, [pending("a"), pending("b")], me.id, null))).toEqual(["day", "10 leads", "a", "b"]);
  expect(drawn(rows([], [pending("a"), pending("b")], me.id, null))).toEqual(["a leads", "b"]);
});
