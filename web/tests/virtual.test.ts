import { expect, test } from "vitest";
import { offsets, rowAt, visible } from "../src/virtual";

const TALL = [10, 20, 30, 40];
const starts = offsets(TALL.length, (index) => TALL[index]!);

test("each row begins where the one before ends", () => {
  expect([...starts]).toEqual([0, 10, 30, 60, 100]);
});

test("a height is in the row that covers it", () => {
  expect([-5, 0, 9, 10, 59, 60, 99, 500].map((top) => rowAt(starts, top))).toEqual([0, 0, 0, 1, 2, 3, 3, 3]);
});

test("what is seen is drawn, and what is near, and nothing else", () => {
  expect(visible(starts, 12, 10, 0)).toEqual([1, 2]);
  expect(visible(starts, 12, 30, 0)).toEqual([1, 3]);
  expect(visible(starts, 35, 5, 30)).toEqual([0, 4]);
  expect(
    visible(
      offsets(0, () => 0),
      0,
      100,
      100,
    ),
  ).toEqual([0, 0]);
});

test("of ten thousand rows a screenful is drawn", () => {
  const [first, end] = visible(
    offsets(10_000, () => 50),
    250_000,
    800,
    700,
  );
  expect([first, end]).toEqual([4986, 5031]);
});
