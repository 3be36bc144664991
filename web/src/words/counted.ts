// Numbers in sentences, in the reader's locale.

export const number = (count: number): string => count.toLocaleString();

/** "1 member", "12 members". */
export const counted = (count: number, one: string, many: string): string =>
  `${number(count)} ${count === 1 ? one : many}`;

const list = new Intl.ListFormat("en", { type: "conjunction" });
export const listed = (names: readonly string[]): string => list.format(names);
