// Whose profile card is open, and beside what.

import type { Snowflake, User } from "./wire";

export interface Profile {
  user: User;
  guildId: Snowflake | null;
  anchor: Element;
}

class Profiles {
  open = $state.raw<Profile | null>(null);
}

export const profiles = new Profiles();

export function openProfile(user: User, guildId: Snowflake | null, anchor: Element): void {
  profiles.open = { user, guildId, anchor };
}
