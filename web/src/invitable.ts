// The channel that an invite leads to: the first to which one may invite.

import { channelsInOrder } from "./names";
import { CREATE_INVITE, may } from "./permissions";
import type { GuildState, State } from "./state";
import type { Channel } from "./wire";

export const invitable = (state: State, guild: GuildState): Channel | undefined =>
  channelsInOrder(guild).find((channel) => may(state, guild, CREATE_INVITE, channel));
