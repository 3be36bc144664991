// What was begun and not sent, by channel, kept in this browser.

import type { Snowflake } from "./wire";

const KEY = "drafts";

/** `wire` says for each mention that was completed while typing what it is on the wire. */
export interface Draft {
  text: string;
  wire: Record<string, string>;
}

export class Drafts {
  private readonly kept: Record<Snowflake, Draft>;

  constructor(private readonly storage: Storage) {
    this.kept = read(storage);
  }

  get(id: Snowflake): Draft {
    return this.kept[id] ?? { text: "", wire: {} };
  }

  set(id: Snowflake, draft: Draft): void {
    if (draft.text === "") delete this.kept[id];
    else this.kept[id] = draft;
    try {
      this.storage.setItem(KEY, JSON.stringify(this.kept));
    } catch {
      // A full or forbidden storage: the draft lasts as long as the page.
    }
  }
}

function read(storage: Storage): Record<Snowflake, Draft> {
  try {
    return (JSON.parse(storage.getItem(KEY) ?? "{}") ?? {}) as Record<Snowflake, Draft>;
  } catch {
    return {};
  }
}
