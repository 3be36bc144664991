import { expect, test } from "vitest";
import { membersIn, rangesFor, rowCount, told, type Roll } from "../src/roll";
import type { ListItem, ListOp, MemberListUpdate } from "../src/wire";
import { GUILD, member, user } from "./samples";

const group = (id: string, count: number): ListItem => ({ group: { id, count } });
const one = (id: string): ListItem => ({ member: member(user(id)) });
const update = (ops: ListOp[], more: Partial<MemberListUpdate> = {}): MemberListUpdate => ({
  id: "everyone",
  guild_id: GUILD,
  member_count: 3,
  online_count: 2,
  groups: [
    { id: "online", count: 2 },
    { id: "offline", count: 1 },
  ],
  ops,
  ...more,
});
const all: ListOp = {
  op: "SYNC",
  range: [0, 99],
  items: [group("online", 2), one("1"), one("2"), group("offline", 1), one("3")],
};
const begun = told(null, update([all]));
const drawn = ({ rows }: Roll): string[] =>
  [...rows]
    .sort(([a], [b]) => a - b)
    .map(([index, item]) => `${index} ${"group" in item ? item.group.id : item.member.user.id}`);

test("the rows of a range take the place of what was held of it", () => {
  expect(drawn(begun)).toEqual(["0 online", "1 1", "2 2", "3 offline", "4 3"]);
  const again = told(begun, update([{ op: "SYNC", range: [0, 99], items: [group("online", 1), one("9")] }]));
  expect(drawn(again)).toEqual(["0 online", "1 9"]);
});

test("who goes offline is taken out above and put in below, and what is between shifts", () => {
  const ops: ListOp[] = [
    { op: "DELETE", index: 1 },
    { op: "INSERT", index: 3, item: one("1") },
  ];
  expect(drawn(told(begun, update(ops)))).toEqual(["0 online", "1 2", "2 offline", "3 1", "4 3"]);
});

test("an update changes a row and moves none, and a range can be given up", () => {
  const changed = told(begun, update([{ op: "UPDATE", index: 0, item: group("online", 7) }]));
  expect(changed.rows.get(0)).toEqual(group("online", 7));
  expect(drawn(told(begun, update([{ op: "INVALIDATE", range: [3, 99] }])))).toEqual(["0 online", "1 1", "2 2"]);
});

test("another list is not mixed with the one before", () => {
  const other = told(begun, update([{ op: "SYNC", range: [100, 199], items: [one("5")] }], { id: "123" }));
  expect(drawn(other)).toEqual(["100 5"]);
});

test("each group that has members is a row more, and an empty one none", () => {
  expect(rowCount(begun.groups)).toBe(5);
  expect(rowCount([{ id: "online", count: 0 }])).toBe(0);
});

test("ranges are aligned, hold what is seen and the top, and are at most five", () => {
  expect(rangesFor(0, 30)).toEqual([[0, 99]]);
  expect(rangesFor(95, 130)).toEqual([
    [0, 99],
    [100, 199],
  ]);
  expect(rangesFor(50_000, 50_040)).toEqual([
    [0, 99],
    [50_000, 50_099],
  ]);
  expect(rangesFor(1000, 2000)).toHaveLength(5);
});

test("the members that a list names are known by it, without how they look", () => {
  const shown = { member: { ...member(user("4")), presence: { user: { id: "4" }, status: "idle" } } } as ListItem;
  expect(membersIn(update([{ op: "INSERT", index: 1, item: shown }]))).toEqual([member(user("4"))]);
});
