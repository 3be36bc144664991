// The shell around the pure heart: turns what people do into calls, and what comes back into events.

import { createContext } from "svelte";
import { Api } from "./api";
import { PAGE_SIZE, type Page } from "./calls/messages";
import { Drafts } from "./drafts";
import { Frames } from "./frames.svelte";
import { Refused, sentence, Unreachable } from "./http";
import { announcement } from "./announcement";
import { Idle } from "./idle";
import * as notifier from "./notifier";
import { announces, nextEnd } from "./muting";
import { Outbox } from "./outbox";
import { Socket } from "./socket";
import { apply, channelOf, NOTHING, TYPING_LASTS_MS, type Event, type State } from "./state";
import { EMPTY, type Edge, emojiKey, type Pending, type Timeline } from "./timeline";
import type { Dispatch, Emoji, Message, Snowflake } from "./wire";

const TYPING_SAID_EVERY_MS = 8_000; // sooner than it ends for others
const ALL_MEMBERS_UP_TO = 1_000; // a bigger guild's list comes in ranges, never whole
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const ACK_AFTER_MS = 400; // one call for what is read at a stretch

export const [getClient, setClient] = createContext<Client>();

export class Client {
  state = $state.raw<State>(NOTHING);
  /** One sentence about what did not work, shown until it is dismissed. */
  notice = $state<string | null>(null);
  /** Until when slow mode keeps one from writing, by channel. */
  slow = $state<Record<Snowflake, number>>({});
  readonly drafts = new Drafts(localStorage);
  readonly frames = new Frames();
  readonly api: Api;
  private readonly socket: Socket;
  private readonly outbox: Outbox;
  private readonly waiting = new Set<() => void>();
  private readonly idle = new Idle(() => this.presentSelf());
  private askings = 0;
  private stopped = false;
  private unmuting: ReturnType<typeof setTimeout> | undefined;
  private followed: { guildId: Snowflake; channelId: Snowflake; ranges: [number, number][] } | null = null;
  private readonly entered = new Set<Snowflake>();
  private readonly typingSaid = new Map<Snowflake, number>();
  private readonly acked = new Map<Snowflake, Snowflake>();

  constructor(token: string, signedOut: () => void) {
    this.api = new Api(token, () => this.stopped || signedOut());
    this.outbox = new Outbox({
      pending: (channelId) => (this.stopped ? [] : this.timeline(channelId).pending),
      changed: (channelId, pending) =>
        this.sends(channelId, pending.nonce) && this.apply({ kind: "sending", channelId, pending }),
      post: (channelId, message, progress) => this.send(channelId, message, progress),
      posted: (message, nonce) => this.posted(message, nonce),
    });
    this.socket = new Socket(async () => (await this.api.gateway()).url, token, {
      dispatch: (dispatch) => this.dispatched(dispatch),
      status: (status) => {
        this.apply({ kind: "status", status });
        if (status === "live") this.cameBack();
      },
      frame: (direction, frame, bytes) => this.frames.add(direction, frame, bytes),
      refused: signedOut,
    });
  }

  start(): void {
    this.socket.open();
    this.idle.start();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.unmuting);
    this.idle.stop();
    this.socket.close();
  }

  /** Whether something that was said is still to go out: it would be lost with the page. */
  get sending(): boolean {
    return Object.values(this.state.timelines).some(({ pending }) => pending.some(({ status }) => status !== "failed"));
  }

  hurry(): void {
    this.socket.hurry();
  }

  timeline(channelId: Snowflake): Timeline {
    return this.state.timelines[channelId] ?? EMPTY;
  }

  /** Reads another page of a channel, unless one is on its way. */
  async load(channelId: Snowflake, edge: Exclude<Edge, "around">): Promise<void> {
    const { messages, loading } = this.timeline(channelId);
    if (loading !== null) return;
    const page: Page = {};
    if (edge === "older" && messages[0] !== undefined) page.before = messages[0].id;
    if (edge === "newer" && messages.length > 0) page.after = messages.at(-1)!.id;
    await this.read(channelId, edge, page);
  }

  /** Goes to one message of the past, or to what was said around the time of an id that nothing has. */
  async visit(channelId: Snowflake, messageId: Snowflake): Promise<void> {
    if (this.timeline(channelId).messages.some(({ id }) => id === messageId)) return;
    await this.read(channelId, "around", { around: messageId });
  }

  async post(
    channelId: Snowflake,
    content: string,
    replyTo: Message | null,
    files: readonly File[] = [],
    slowMode = 0,
  ): Promise<void> {
    const nonce = `${Date.now()}${crypto.getRandomValues(new Uint32Array(1))[0]}`.slice(0, 25);
    const pending: Pending = { nonce, content, replyTo, files, at: new Date().toISOString(), status: "sending" };
    this.apply({ kind: "sending", channelId, pending });
    this.typingSaid.delete(channelId);
    if (slowMode > 0) this.slow[channelId] = Date.now() + slowMode * 1000;
    if (this.timeline(channelId).newer) await this.load(channelId, "newest");
    await this.outbox.drain(channelId);
  }

  async retry(channelId: Snowflake, pending: Pending): Promise<void> {
    this.apply({ kind: "sending", channelId, pending: { ...pending, status: "sending" } });
    await this.outbox.drain(channelId);
  }

  discard(channelId: Snowflake, nonce: string): void {
    this.apply({ kind: "settled", channelId, nonce });
  }

  /** What the answer says, the event says too: waiting for that keeps one order of things. */
  edit(message: Message, content: string): Promise<boolean> {
    return this.attempt(this.api.messages.edit(message.channel_id, message.id, content));
  }

  remove(message: Message): Promise<boolean> {
    return this.attempt(this.api.messages.remove(message.channel_id, message.id));
  }

  pin(message: Message): Promise<boolean> {
    return this.attempt(this.api.messages.pin(message.pinned ? "DELETE" : "PUT", message.channel_id, message.id));
  }

  async toggleReaction(message: Message, emoji: Emoji): Promise<void> {
    const mine = message.reactions?.some(({ me, emoji: given }) => me && emojiKey(given) === emojiKey(emoji)) ?? false;
    await this.attempt(this.api.messages.react(mine ? "DELETE" : "PUT", message.channel_id, message.id, emoji));
  }

  async typing(channelId: Snowflake): Promise<void> {
    const now = Date.now();
    if (now - (this.typingSaid.get(channelId) ?? 0) < TYPING_SAID_EVERY_MS) return;
    this.typingSaid.set(channelId, now);
    await this.api.messages.typing(channelId).catch(ignoreRefusal);
  }

  /** What one shows of oneself, in all of one's sessions. */
  show(status: string, text: string): Promise<boolean> {
    const custom_status = text === "" ? null : { text };
    return this.attempt(this.api.account.set({ status, custom_status }));
  }

  /** Everything in the channel was on the screen. Other tabs hear of it by the server. */
  saw(channelId: Snowflake): void {
    const last = channelOf(this.state, channelId)?.last_message_id ?? null;
    if (last === null || (this.state.seen[channelId] === last && this.state.mentions[channelId] === undefined)) return;
    this.apply({ kind: "seen", channelId });
    if (!this.state.acks || this.acked.get(channelId) === last) return;
    const first = !this.acked.has(channelId);
    this.acked.set(channelId, last);
    setTimeout(() => this.acknowledge(channelId, last), first ? 0 : ACK_AFTER_MS);
  }

  /** Members come with a guild unless it is large: then they are asked for, once, when somebody looks. */
  enter(guildId: Snowflake): void {
    const guild = this.state.guilds[guildId];
    if (guild === undefined || guild.member_count > ALL_MEMBERS_UP_TO || this.entered.has(guildId)) return;
    this.entered.add(guildId);
    if (Object.keys(guild.members).length < guild.member_count) this.socket.requestMembers(guildId);
  }

  findMembers(guildId: Snowflake, query: string): void {
    this.socket.requestMembers(guildId, query, 20);
  }

  findMember(guildId: Snowflake, userId: Snowflake): void {
    this.socket.requestMember(guildId, userId);
  }

  followMembers(guildId: Snowflake, channelId: Snowflake, ranges: [number, number][]): void {
    this.followed = { guildId, channelId, ranges };
    this.socket.followMembers(guildId, channelId, ranges);
  }

  /** Resolves once it is so: what an answer announced comes as an event of its own. */
  until(so: (state: State) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!so(this.state)) return;
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }

  /** Whether it worked; if not, the notice says why. */
  async attempt(call: Promise<unknown>): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (error) {
      this.notice = sentence(error);
      return false;
    }
  }

  private dispatched(dispatch: Dispatch): void {
    const now = Date.now();
    this.apply({ kind: "dispatch", dispatch, now });
    if (dispatch.t === "READY") {
      this.entered.clear();
      if (this.idle.since !== null) this.presentSelf();
    }
    if (dispatch.t === "READY" || dispatch.t === "USER_GUILD_SETTINGS_UPDATE") this.soundAgain();
    if (dispatch.t === "TYPING_START") {
      setTimeout(() => this.apply({ kind: "time", now: now + TYPING_LASTS_MS }), TYPING_LASTS_MS);
    }
    if (dispatch.t === "MESSAGE_CREATE" && announces(this.state, dispatch.d)) {
      notifier.tell(announcement(this.state, dispatch.d));
    }
  }

  /** Once the first mute ends; a timer holds no more than some weeks. */
  private soundAgain(): void {
    clearTimeout(this.unmuting);
    const end = nextEnd(this.state.muting);
    if (end === null) return;
    this.unmuting = setTimeout(
      () => {
        this.apply({ kind: "time", now: Date.now() });
        this.soundAgain();
      },
      Math.min(Math.max(0, end - Date.now()) + 1, LONGEST_TIMER_MS),
    );
  }

  /** Who chose to be seen otherwise than online is seen so, however long they are away. */
  private presentSelf(): void {
    const { since } = this.idle;
    if (this.state.settings.status === "online") this.socket.present(since === null ? "online" : "idle", since);
  }

  private async read(channelId: Snowflake, edge: Edge, page: Page): Promise<void> {
    const asking = (this.askings += 1);
    this.apply({ kind: "page asked", channelId, asking: { edge, number: asking } });
    try {
      const messages = await this.api.messages.page(channelId, page);
      this.apply({ kind: "page came", channelId, asking, page: messages, full: messages.length === PAGE_SIZE });
    } catch (error) {
      this.apply({ kind: "page refused", channelId, asking, problem: sentence(error) });
    }
  }

  private async send(...[channelId, message, progress]: Parameters<Api["messages"]["send"]>): Promise<Message> {
    try {
      return await this.api.messages.send(channelId, message, progress);
    } catch (error) {
      if (error instanceof Refused && error.retryAfter !== null) {
        this.slow[channelId] = Date.now() + error.retryAfter * 1000;
      }
      throw error;
    }
  }

  /** Once the event came, the answer is of the past: the message may have been changed or deleted since. */
  private posted(message: Message, nonce: string): void {
    const channelId = message.channel_id;
    if (!this.sends(channelId, nonce)) return;
    this.apply({ kind: "dispatch", dispatch: { t: "MESSAGE_CREATE", d: message }, now: Date.now() });
    this.apply({ kind: "settled", channelId, nonce });
  }

  /** Not once its event came, which may be before its answer, or in place of one that was lost. */
  private sends(channelId: Snowflake, nonce: string): boolean {
    return this.timeline(channelId).pending.some((pending) => pending.nonce === nonce);
  }

  private acknowledge(channelId: Snowflake, messageId: Snowflake): void {
    if (this.acked.get(channelId) !== messageId) return; // more has been read since
    this.api.messages.ack(channelId, messageId).catch(ignoreRefusal);
  }

  private cameBack(): void {
    if (this.followed !== null) {
      const { guildId, channelId, ranges } = this.followed;
      this.socket.followMembers(guildId, channelId, ranges);
    }
    for (const channelId of Object.keys(this.state.timelines)) void this.outbox.drain(channelId);
  }

  private apply(event: Event): void {
    this.state = apply(this.state, event);
    for (const look of this.waiting) look();
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
}
