// Every emoji, by section. The list comes when somebody first looks for one.

import type { UnicodeEmoji } from "./completion";

export interface Section {
  name: string;
  emojis: UnicodeEmoji[];
}

let loaded: Promise<Section[]> | null = null;

export function sections(): Promise<Section[]> {
  loaded ??= import("virtual:emoji").then(({ default: packed }) =>
    packed.map(([name, emojis]) => ({ name, emojis: emojis.map(([emoji, called]) => ({ emoji, name: called })) })),
  );
  return loaded;
}

const KEY = "emojis used";
const KEPT = 24;
export const FIRST = ["👍", "❤️", "😂", "🎉", "🙏", "👀", "🚆", "✅"];

/** Those that the reader uses, the latest first. */
export function recent(): string[] {
  try {
    const used = JSON.parse(localStorage.getItem(KEY) ?? "[]") as string[];
    return [...new Set([...used, ...FIRST])].slice(0, KEPT);
  } catch {
    return FIRST;
  }
}

export function use(emoji: string): void {
  localStorage.setItem(KEY, JSON.stringify([...new Set([emoji, ...recent()])].slice(0, KEPT)));
}
