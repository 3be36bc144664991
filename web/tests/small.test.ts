import { expect, test } from "vitest";
import { Drafts } from "../src/drafts";
import { fitted, size } from "../src/files";
import { onlyEmoji } from "../src/markdown";
import { strength } from "../src/passwords";
import { bornAt, firstAt } from "../src/snowflakes";
import { ago, countdown } from "../src/time";

test("a password is rated by its length and by how much of it repeats", () => {
  expect(["short", "aaaaaaaaaa", "12345678", "korb7tulp", "seven trains at noon"].map(strength)).toEqual([
    0, 1, 1, 2, 4,
  ]);
});

test("drafts outlast the page, and a sent one is gone", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as unknown as Storage;
  const drafts = new Drafts(storage);
  drafts.set("1", { text: "half a", wire: {} });
  expect(new Drafts(storage).get("1").text).toBe("half a");
  new Drafts(storage).set("2", { text: "in another tab", wire: {} });
  drafts.set("3", { text: "here", wire: {} });
  expect(new Drafts(storage).get("2").text).toBe("in another tab");
  drafts.set("1", { text: "", wire: {} });
  expect(new Drafts(storage).get("1").text).toBe("");
  kept.set("drafts", "no JSON");
  expect(new Drafts(storage).get("1").text).toBe("");
});

test("a picture is drawn as large as fits, and never larger than it is", () => {
  expect(fitted(4800, 2400)).toEqual({ width: 480, height: 240 });
  expect(fitted(100, 50)).toEqual({ width: 100, height: 50 });
  expect(fitted(10, 10_000)).toEqual({ width: 1, height: 340 });
});

test("sizes are told in steps of a thousand", () => {
  expect([0, 900, 3_400_000].map(size)).toEqual(["0 byte", "900 byte", "3.4 MB"]);
});

test("an id tells when it was born, and a day the first id of it", () => {
  const noon = Date.UTC(2026, 2, 1, 12);
  expect(bornAt(firstAt(noon))).toBe(noon);
});

test("times are relative under a day", () => {
  const now = Date.UTC(2026, 2, 1, 12);
  expect(ago(now - 5 * 60_000, now)).toBe("5 minutes ago");
  expect(ago(now - 3 * 3_600_000, now)).toBe("3 hours ago");
  expect(countdown(65)).toBe("1:05");
});

test("a message of nothing but emoji is known", () => {
  expect(["🚆🎉", "👍🏽", "<:train:71>", "🇩🇪", "7", "🚆 late", ""].map(onlyEmoji)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
