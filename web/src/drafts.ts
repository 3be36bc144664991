// What was begun and not sent, by channel, kept in this browser.

import type { Snowflake } from "./wire";

const KEY = "drafts";

/** `wire` says for each mention that was completed while typing what it is on the wire. */
export interface Draft {
  text: string;
  wire: Record<string, string>;
}

export class Drafts {
  /** Where the storage is full or forbidden, drafts last as long as the page. */
  private own: Record<Snowflake, Draft> | null = null;

  constructor(private readonly storage: Storage) {}

  get(id: Snowflake): Draft {
    return this.all()[id] ?? { text: "", wire: {} };
  }

  set(id: Snowflake, draft: Draft): void {
    const all = this.all();
    if (draft.text === "") delete all[id];
    else all[id] = draft;
    try {
      this.storage.setItem(KEY, JSON.stringify(all));
      this.own = null;
    } catch {
      this.own = all;
    }
  }

  /** Read each time: another tab may have written since. */
  private all(): Record<Snowflake, Draft> {
    return this.own ?? read(this.storage);
  }
}

function read(storage: Storage): Record<Snowflake, Draft> {
  try {
    return (JSON.parse(storage.getItem(KEY) ?? "{}") ?? {}) as Record<Snowflake, Draft>;
  } catch {
    return {};
  }
}
