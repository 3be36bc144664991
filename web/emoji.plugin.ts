// The emoji of a package as a module of its own, without what the app does not read: a fifth of the size.

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

interface Group {
  name: string;
  emojis: { emoji: string; name: string }[];
}

const ID = "virtual:emoji";

export function emoji(): Plugin {
  return {
    name: "emoji",
    resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
    load(id) {
      if (id !== `\0${ID}`) return undefined;
      const source = new URL("./node_modules/unicode-emoji-json/data-by-group.json", import.meta.url);
      const groups = JSON.parse(readFileSync(source, "utf8")) as Group[];
      const packed = groups.map(({ name, emojis }) => [name, emojis.map((each) => [each.emoji, each.name])]);
      return `export default ${JSON.stringify(packed)};`;
    },
  };
}
