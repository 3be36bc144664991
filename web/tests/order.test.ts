import { expect, test } from "vitest";
import { guildState } from "../src/guilds";
import { channelMoves, inLines, roleMoves, rolesInOrder } from "../src/order";
import { channel, everyone, guild, role } from "./samples";

const of = guildState(
  guild({
    channels: [
      channel("1", { position: 0, parent_id: null }),
      channel("10", { type: 4, position: 0, parent_id: null }),
      channel("2", { position: 1, parent_id: "10" }),
      channel("20", { type: 4, position: 1, parent_id: null }),
      channel("3", { position: 2, parent_id: "20" }),
    ],
    roles: [everyone, role("7", { position: 1 }), role("8", { position: 2 }), role("9", { position: 3 })],
  }),
);

test("the lines are the channels as one sees them", () => {
  expect(inLines(of).map(({ id }) => id)).toEqual(["1", "10", "2", "20", "3"]);
});

test("a channel that is put below a category belongs to it", () => {
  expect(channelMoves(of, 0, 2)).toEqual([
    { id: "2", position: 0 },
    { id: "1", position: 1, parent_id: "10" },
  ]);
});

test("one that is put above all categories belongs to none", () => {
  expect(channelMoves(of, 2, 0)).toEqual([
    { id: "2", position: 0, parent_id: null },
    { id: "1", position: 1 },
  ]);
});

test("a category takes its channels along", () => {
  expect(channelMoves(of, 3, 1)).toEqual([
    { id: "20", position: 0 },
    { id: "3", position: 1 },
    { id: "10", position: 1 },
    { id: "2", position: 2 },
  ]);
});

test("what stays where it is asks for nothing", () => {
  expect(channelMoves(of, 2, 2)).toEqual([]);
});

test("roles are numbered from the lowest, above everyone", () => {
  expect(rolesInOrder(of).map(({ id }) => id)).toEqual(["9", "8", "7"]);
  expect(roleMoves(of, 2, 0)).toEqual([
    { id: "7", position: 3 },
    { id: "9", position: 2 },
    { id: "8", position: 1 },
  ]);
});
