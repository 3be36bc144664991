import { expect, test } from "vitest";
import { channels, emojis, fromWire, people, queryAt, ranked, roles, toWire } from "../src/completion";
import { guildState } from "../src/guilds";
import { ben, channel, GENERAL, guild, me, role, user } from "./samples";

const of = guildState(
  guild({
    roles: [role("8", { name: "Signal box", mentionable: true }), role("9", { name: "Secret" })],
    channels: [channel(GENERAL, { name: "general" }), channel("5", { name: "Group", type: 4 })],
  }),
);

test("a name is being typed after its sign, at the beginning or after a space", () => {
  expect(queryAt("@be", 3)).toEqual({ kind: "@", text: "be", from: 0 });
  expect(queryAt("hi #gen", 7)).toEqual({ kind: "#", text: "gen", from: 3 });
  expect(queryAt("hi @be and more", 6)).toEqual({ kind: "@", text: "be", from: 3 });
  expect(queryAt("mail@be", 7)).toBeNull();
  expect(queryAt("@be ", 4)).toBeNull();
});

test("a colon and a letter is a smile, with two letters it is a name", () => {
  expect(queryAt(":d", 2)).toBeNull();
  expect(queryAt(":tr", 3)).toEqual({ kind: ":", text: "tr", from: 0 });
});

test("names that begin so come before those that hold it", () => {
  expect(ranked(["urban", "ben", "bea"], "be", (name) => [name])).toEqual(["ben", "bea"]);
  expect(ranked(["urban", "ban"], "BAN", (name) => [name])).toEqual(["ban", "urban"]);
});

test("people are named by their name and mean their id", () => {
  expect(people([me, ben], of, "be")).toMatchObject([{ insert: "@ben", wire: `<@${ben.id}>` }]);
});

test("only roles that may be mentioned are offered, and no categories", () => {
  expect(roles(of, "s").map(({ wire }) => wire)).toEqual(["<@&8>"]);
  expect(channels(of, "g").map(({ wire }) => wire)).toEqual([`<#${GENERAL}>`]);
});

test("the guild's own emoji come before the common ones", () => {
  const own = { ...of, emojis: [{ id: "7", name: "train", animated: true }] } as typeof of;
  const found = emojis(own, [{ emoji: "🚆", name: "train" }], "tra");
  expect(found.map(({ insert, wire }) => [insert, wire])).toEqual([
    [":train:", "<a:train:7>"],
    ["🚆", undefined],
  ]);
});

test("names go out as what they mean, the longer ones first, and come back to be edited", () => {
  const wire = { "@ben": "<@2>", "@benjamin": "<@3>" };
  expect(toWire("@benjamin and @ben", wire)).toBe("<@3> and <@2>");
  const back = fromWire("<@3> and <@2>, <:train:7>, <@99>", (_, id) => ({ "2": "@ben", "3": "@benjamin" })[id] ?? null);
  expect(back.text).toBe("@benjamin and @ben, :train:, <@99>");
  expect(toWire(back.text, back.wire)).toBe("<@3> and <@2>, <:train:7>, <@99>");
});

test("one that has no name here is left as it is", () => {
  expect(people([user("5", "zoe")], undefined, "be")).toEqual([]);
});
