// Own messages on their way out, one channel's in order. What the network lost goes again by itself:
// the same nonce makes the server answer with the message that it may have taken the first time.

import type { Outgoing } from "./calls/messages";
import { backoff } from "./backoff";
import { sentence, Unreachable, type Progress } from "./http";
import type { Pending } from "./timeline";
import type { Message, Snowflake } from "./wire";
import { words } from "./words";

/** Well within the hour for which the server knows a nonce: later it would take a repetition for a new message. */
const CERTAIN_MS = 50 * 60_000;

export interface Outlet {
  /** What is not yet sent in the channel, in order. */
  pending(channelId: Snowflake): readonly Pending[];
  /** Of one that is still pending; one that is there by now stays as it is. */
  changed(channelId: Snowflake, pending: Pending): unknown;
  post(channelId: Snowflake, message: Outgoing, progress: Progress): Promise<Message>;
  posted(message: Message, nonce: string): void;
}

export class Outbox {
  private readonly busy = new Set<Snowflake>();
  private readonly attempts = new Map<Snowflake, number>();

  constructor(
    private readonly outlet: Outlet,
    private readonly chance: () => number = Math.random,
    private readonly clock: () => number = Date.now,
  ) {}

  /** Sends what is to be sent; called again after every change that may let something go. */
  async drain(channelId: Snowflake): Promise<void> {
    if (this.busy.has(channelId)) return;
    this.busy.add(channelId);
    try {
      let next: Pending | undefined;
      do {
        next = this.outlet.pending(channelId).find(({ status }) => status !== "failed");
      } while (next !== undefined && (await this.sent(channelId, next)));
    } finally {
      this.busy.delete(channelId);
    }
  }

  /** Whether the next one may go: not while the server is away. */
  private async sent(channelId: Snowflake, pending: Pending): Promise<boolean> {
    if (pending.status === "waiting" && this.clock() - Date.parse(pending.at) > CERTAIN_MS) {
      this.outlet.changed(channelId, { ...pending, status: "failed", problem: words.messages.mayHaveArrived });
      return true;
    }
    const { content, nonce, replyTo, files } = pending;
    const outgoing = { content, nonce, replyTo: replyTo?.id ?? null, files };
    const progress: Progress = (sent, total) =>
      this.outlet.changed(channelId, { ...pending, progress: total === 0 ? 1 : sent / total });
    try {
      const message = await this.outlet.post(channelId, outgoing, progress);
      this.attempts.delete(channelId);
      this.outlet.posted(message, nonce);
      return true;
    } catch (error) {
      if (error instanceof Unreachable) {
        this.outlet.changed(channelId, { ...pending, status: "waiting" });
        this.later(channelId);
        return false;
      }
      this.outlet.changed(channelId, { ...pending, status: "failed", problem: sentence(error) });
      return true;
    }
  }

  private later(channelId: Snowflake): void {
    const attempt = this.attempts.get(channelId) ?? 0;
    this.attempts.set(channelId, attempt + 1);
    setTimeout(() => void this.drain(channelId), backoff(attempt, this.chance()));
  }
}
