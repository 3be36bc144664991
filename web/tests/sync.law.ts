// The sync law: the old snapshot and the events that followed make the new snapshot. The cases are recorded from the
// server by tests/test_sync_law_app.py, which runs this.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { apply, NOTHING, type Event, type State } from "../src/state";
import type {
  DirectChannel,
  Dispatch,
  GuildCreate,
  Message,
  OwnUser,
  Ready,
  Relationship,
  Settings,
} from "../src/wire";

interface People {
  me: OwnUser;
  relationships: Relationship[];
  settings: Settings;
}

type Case = { name: string; events: Dispatch[] } & (
  | { kind: "guild"; me: OwnUser; before: GuildCreate; after: GuildCreate }
  | { kind: "page" | "page of a DM"; me: OwnUser; channel: string; before: Message[]; after: Message[] }
  | { kind: "talks"; me: OwnUser; before: DirectChannel[]; after: DirectChannel[] }
  | { kind: "people"; before: People; after: People }
);

const all = (state: State, events: readonly Event[]): State => events.reduce(apply, state);

const told = (dispatch: Dispatch): Event => ({ kind: "dispatch", dispatch, now: 0 });

const ready = (d: Partial<Ready> & { user: OwnUser }): Event =>
  told({ t: "READY", d: { guilds: [], session_id: "", ...d } });

function opened(me: OwnUser, channelId: string, page: Message[]): State {
  return all(NOTHING, [
    ready({ user: me }),
    { kind: "page asked", channelId, asking: { edge: "newest", number: 1 } },
    { kind: "page came", channelId, asking: 1, page, full: false },
  ]);
}

/** As a page has it: without what only events tell, and without a list of no reactions. */
function asRead(message: Message): object {
  const { guild_id: _, member: __, channel_type: ___, nonce: ____, reactions = [], ...rest } = message;
  const answered = message.referenced_message;
  return {
    ...rest,
    mentions: message.mentions.map(({ member: _____, ...user }) => user),
    ...(reactions.length > 0 ? { reactions } : {}),
    ...(answered == null ? {} : { referenced_message: asRead(answered) }),
  };
}

const listed = (state: State, channelId: string): object[] => state.timelines[channelId]!.messages.map(asRead);

function prove(given: Case): void {
  const events = given.events.map(told);
  switch (given.kind) {
    case "guild": {
      const [before, after] = [given.before, given.after].map((guild) =>
        all(NOTHING, [ready({ user: given.me, guilds: [guild] })]),
      ) as [State, State];
      return expect(all(before, events).guilds).toEqual(after.guilds);
    }
    case "page":
    case "page of a DM": {
      const [before, after] = [given.before, given.after].map((page) => opened(given.me, given.channel, page)) as [
        State,
        State,
      ];
      return expect(listed(all(before, events), given.channel)).toEqual(listed(after, given.channel));
    }
    case "talks": {
      const [before, after] = [given.before, given.after].map((private_channels) =>
        all(NOTHING, [ready({ user: given.me, private_channels })]),
      ) as [State, State];
      return expect(all(before, events).people.directs).toEqual(after.people.directs);
    }
    case "people": {
      const [before, after] = [given.before, given.after].map(({ me, relationships, settings }) =>
        all(NOTHING, [ready({ user: me, relationships, user_settings: settings })]),
      ) as [State, State];
      const shown = ({ me, people, settings }: State): object => ({ me, known: people.relationships, settings });
      return expect(shown(all(before, events))).toEqual(shown(after));
    }
  }
}

const cases = JSON.parse(readFileSync(process.env["DERAILED_SYNC_CASES"]!, "utf8")) as Case[];

test.each(cases.map((one) => [`${one.kind}: ${one.name}`, one] as const))("%s", (_, one) => prove(one));
