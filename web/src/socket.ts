// The Gateway connection: HELLO, IDENTIFY or RESUME, heartbeats, and coming back after any loss.
// It hands dispatches to its listener in order and knows nothing of what they mean.

import { backoff } from "./backoff";
import type { Dispatch, Frame } from "./wire";

export interface Listener {
  dispatch(dispatch: Dispatch): void;
  /** Live after READY or RESUMED, lost from the moment the socket is gone. */
  status(status: "live" | "lost"): void;
  /** A frame as it was said or heard, for those who want to watch. */
  frame?(direction: "sent" | "received", frame: { op: number }, bytes: number): void;
  /** The Gateway will not have us again: the token no longer stands, or it rejects this app. */
  refused(code: number): void;
}

type Timer = ReturnType<typeof setTimeout>;

const NO_ANSWER_MS = 10_000;
const OVER = 1000;
const WILL_RESUME = 4000;
const FATAL = new Set([4004, 4010, 4011, 4012, 4013, 4014]);
const PROPERTIES = { os: "", browser: "Derailed", device: "" };
const LARGE_THRESHOLD = 250; // the most members that one may ask to be sent with a guild

export class Socket {
  private socket: WebSocket | null = null;
  private address: string | undefined;
  private sessionId: string | null = null;
  private seq: number | null = null;
  private attempt = 0;
  private acknowledged = true;
  private closed = false;
  private beat: Timer | undefined;
  private deadline: Timer | undefined;
  private pause: Timer | undefined;

  constructor(
    private readonly locate: () => Promise<string>,
    private readonly token: string,
    private readonly listener: Listener,
    private readonly chance: () => number = Math.random,
  ) {}

  open(): void {
    this.pause = undefined;
    if (this.address !== undefined) return this.connect(this.address);
    this.locate().then(
      (address) => this.connect((this.address = address)),
      () => this.lost(),
    );
  }

  /** For good: the session is over. */
  close(): void {
    this.closed = true;
    clearTimeout(this.pause);
    this.detach(OVER);
  }

  /**
   * The network is said to be back or gone, or somebody looks at the page: no pause is waited for, and how often it
   * failed before says nothing about now. A line that may have died unnoticed is asked whether it lives.
   */
  hurry(): void {
    this.attempt = 0;
    if (this.pause !== undefined) {
      clearTimeout(this.pause);
      this.open();
    } else if (this.socket?.readyState === WebSocket.OPEN) {
      this.heartbeat();
      this.expect();
    }
  }

  /** Members of a guild come as GUILD_MEMBERS_CHUNK: all, or some whose names begin so. */
  requestMembers(guildId: string, query = "", limit = 0): void {
    this.send(8, { guild_id: guildId, query, limit });
  }

  requestMember(guildId: string, userId: string): void {
    this.send(8, { guild_id: guildId, user_ids: [userId] });
  }

  /** Ranges of a channel's list of members come as GUILD_MEMBER_LIST_UPDATE, and what changes in them. */
  followMembers(guildId: string, channelId: string, ranges: readonly (readonly [number, number])[]): void {
    this.send(14, { guild_id: guildId, channels: { [channelId]: ranges } });
  }

  /** What this session shows, until the account's settings say otherwise. */
  present(status: string, since: number | null): void {
    this.send(3, { status, since, afk: since !== null, activities: [] });
  }

  private connect(address: string): void {
    if (this.closed) return;
    const socket = new WebSocket(`${address}?v=10&encoding=json`);
    this.socket = socket;
    socket.onmessage = (message) => {
      const frame = JSON.parse(message.data as string) as Frame;
      this.listener.frame?.("received", frame, (message.data as string).length);
      this.receive(frame);
    };
    socket.onclose = (event) => {
      this.detach();
      if (FATAL.has(event.code)) this.listener.refused(event.code);
      else this.lost();
    };
    this.expect();
  }

  /** An answer, soon. */
  private expect(): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.drop(), NO_ANSWER_MS);
  }

  private receive(frame: Frame): void {
    switch (frame.op) {
      case 0:
        return this.dispatched(frame);
      case 1:
        return this.heartbeat();
      case 7:
        return this.drop();
      case 9:
        if (!frame.d) this.forget();
        return this.drop();
      case 10:
        clearTimeout(this.deadline);
        this.startBeating(frame.d.heartbeat_interval);
        return this.introduce();
      case 11:
        clearTimeout(this.deadline);
        this.acknowledged = true;
    }
  }

  private dispatched(frame: Frame & { op: 0 }): void {
    if (frame.t === "READY") this.sessionId = frame.d.session_id;
    this.listener.dispatch(frame);
    this.seq = frame.s ?? this.seq; // after it was applied: a resume claims only what is had
    if (frame.t === "READY" || frame.t === "RESUMED") {
      this.attempt = 0;
      this.listener.status("live");
    }
  }

  private introduce(): void {
    const token = this.token;
    if (this.sessionId !== null) {
      this.send(6, { token, session_id: this.sessionId, seq: this.seq });
    } else {
      this.send(2, { token, capabilities: 0, properties: PROPERTIES, large_threshold: LARGE_THRESHOLD });
    }
  }

  private startBeating(interval: number): void {
    this.acknowledged = true;
    const next = (): void => {
      if (!this.acknowledged) return this.drop();
      this.acknowledged = false;
      this.heartbeat();
      this.beat = setTimeout(next, interval);
    };
    this.beat = setTimeout(next, interval * this.chance());
  }

  private heartbeat(): void {
    this.send(1, this.seq);
  }

  private send(op: number, d: unknown): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const text = JSON.stringify({ op, d });
    this.socket.send(text);
    this.listener.frame?.("sent", { op, d } as { op: number }, text.length);
  }

  /** Gives the socket up without awaiting its closing handshake, which a dead network never ends. */
  private drop(): void {
    this.detach(WILL_RESUME);
    this.lost();
  }

  private lost(): void {
    if (this.closed) return;
    this.listener.status("lost");
    this.pause = setTimeout(() => this.open(), backoff(this.attempt, this.chance()));
    this.attempt += 1;
  }

  private detach(code?: number): void {
    clearTimeout(this.beat);
    clearTimeout(this.deadline);
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onmessage = socket.onclose = null;
    if (code !== undefined) socket.close(code);
  }

  private forget(): void {
    this.sessionId = null;
    this.seq = null;
  }
}
