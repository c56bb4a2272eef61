// One socket from accept to close: frames in and out, its place in the fair queue, and what it does to a reader that is too slow.
import type { Writable } from "node:stream";
import type { WebSocket } from "ws";
import type { Log } from "../base/log.ts";
import { closeCodes } from "../protocol/errors.ts";
import { frameLimits } from "../protocol/frames.ts";
import type { Caller } from "../protocol/scopes.ts";
import type { Peer } from "./door.ts";
import type { StreamPosition, Subscriptions } from "./ring.ts";

export interface SendBudget {
  /** Unsent bytes of all connections may not pass this. */
  readonly totalBytes: number;
  /** Unsent bytes of one connection. */
  readonly perConnectionBytes: number;
  queuedBytes: number;
}

/** The TCP or TLS stream below the socket. */
export type Corkable = Pick<Writable, "cork" | "uncork">;

/** Frames of one turn of the event loop go out in one write, unless they are more than this. */
const togetherBytes = 65_536;

/** With no more waiting for it than this a reader is not to blame when all queues together are too long; the sweep gives up the longest. */
const blamelessBytes = 65_536;

/** Spellings of session keys remembered per protocol 3 client. */
const maxSpoken = 256;

export class Connection {
  readonly connId: string;
  readonly peer: Peer;
  readonly socket: WebSocket;
  readonly nonce: string;
  /** Frames received and not begun. */
  readonly waiting: string[] = [];
  inFlight = 0;
  /** Stands in the ring of connections that have work. */
  queued = false;
  paused = false;
  tokens = 0;
  /** When the tokens were counted last; below zero: never. */
  tokensAt = -1;
  seq = 0;
  /** Unsent bytes at the last look, and since when they did not shrink. */
  unsentBytes = 0;
  stuckSince: number | undefined;
  isCut = false;
  subscriptions: Subscriptions | undefined;
  /** Ring position of the last event that was offered. */
  position = 0;
  /** Since when the same events are visible. */
  stable = { seq: 0, index: 0 };
  /** Ring position at which it began to receive. */
  attachedAt = 0;
  /** Closes the books with the pre-auth counter; called once. */
  onSettled: (() => void) | undefined;
  #caller: Caller | undefined;
  #closed: AbortController | undefined;
  #log: Log | undefined;
  readonly #parentLog: Log;
  #spoken: Map<string, string> | undefined;
  readonly #budget: SendBudget;
  readonly #stream: Corkable;
  readonly #gather: (connection: Connection) => void;
  /** Bytes sent in this turn of the event loop and not written; undefined: none. */
  #heldBytes: number | undefined;

  /** `gather` calls `flush` at the end of the turn. */
  constructor(parts: { connId: string; peer: Peer; log: Log; socket: WebSocket; stream: Corkable; nonce: string; budget: SendBudget; gather(connection: Connection): void }) {
    this.connId = parts.connId;
    this.peer = parts.peer;
    this.#parentLog = parts.log;
    this.socket = parts.socket;
    this.nonce = parts.nonce;
    this.#budget = parts.budget;
    this.#stream = parts.stream;
    this.#gather = parts.gather;
  }

  /** Made when first used: most sockets never log. */
  get log(): Log {
    return (this.#log ??= this.#parentLog.child({ connId: this.connId }));
  }

  /** undefined until `connect` succeeded. */
  get caller(): Caller | undefined {
    return this.#caller;
  }

  admit(caller: Caller, ringHead: number): void {
    this.#caller = caller;
    this.position = ringHead;
    this.attachedAt = ringHead;
    this.stable = { seq: 0, index: ringHead };
    allowLargeFrames(this.socket);
    this.settled();
  }

  /** Changes what is visible from here on. */
  subscribe(change: (subscriptions: Subscriptions) => void): void {
    this.subscriptions ??= { sessionList: false, sessions: new Map() };
    change(this.subscriptions);
    this.stable = { seq: this.seq, index: this.position };
  }

  /** What is remembered of it after it closed. */
  streamPosition(): StreamPosition {
    const spoken = this.#spoken;
    return { viewer: { caller: this.#caller, subscriptions: this.subscriptions, spoken: (key) => spoken?.get(key) }, seq: this.seq, index: this.position, stable: this.stable };
  }

  settled(): void {
    this.onSettled?.();
    this.onSettled = undefined;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Aborts when the socket closes. Made when first asked for: an idle socket needs none. */
  get signal(): AbortSignal {
    this.#closed ??= new AbortController();
    return this.#closed.signal;
  }

  ended(): void {
    this.#budget.queuedBytes -= this.unsentBytes;
    this.unsentBytes = 0;
    this.#closed?.abort(new Error("the connection closed"));
    this.settled();
  }

  /** How this protocol 3 client spells the session key, if it ever did. */
  spoken(canonical: string): string | undefined {
    return this.#spoken?.get(canonical);
  }

  hear(canonical: string, spelt: string): void {
    this.#spoken ??= new Map();
    if (this.#spoken.size >= maxSpoken) this.#spoken.clear();
    this.#spoken.set(canonical, spelt);
  }

  /** Sends, unless the reader is too far behind: then the frame is dropped or the connection cut off. */
  send(text: string, droppable: boolean): void {
    if (!this.isOpen) return;
    if (this.#isTooFarBehind()) {
      this.flush();
      this.look();
      if (this.#isTooFarBehind()) {
        if (!droppable) this.cutOff();
        return;
      }
    }
    if (this.#heldBytes === undefined) {
      this.#heldBytes = 0;
      this.#stream.cork();
      this.#gather(this);
    }
    this.#heldBytes += text.length;
    this.socket.send(text);
    if (this.#heldBytes > togetherBytes) this.flush();
  }

  /** Writes what was sent. What the reader did not take of it counts against it from here on. */
  flush(): void {
    if (this.#heldBytes === undefined) return;
    this.#heldBytes = undefined;
    this.#stream.uncork();
    this.look();
  }

  #isTooFarBehind(): boolean {
    if (this.unsentBytes > this.#budget.perConnectionBytes) return true;
    return this.unsentBytes > blamelessBytes && this.#budget.queuedBytes > this.#budget.totalBytes;
  }

  /** Takes the socket's unsent bytes into the books. */
  look(): void {
    const now = this.socket.bufferedAmount;
    this.#budget.queuedBytes += now - this.unsentBytes;
    this.unsentBytes = now;
  }

  /** The close frame stands behind what the reader did not take; the sweep ends the socket when it is not read soon. */
  cutOff(): void {
    this.log.warn("a reader was too slow and is cut off", { unsentBytes: this.unsentBytes });
    this.isCut = true;
    this.waiting.length = 0; // nobody will read the answers
    this.close(closeCodes.refused, "slow consumer");
  }

  close(code: number, reason: string): void {
    this.socket.close(code, cutReason(reason));
  }
}

/** A close reason holds 123 bytes; cut at 120 of UTF-8, never inside a character. */
export function cutReason(reason: string): string {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= frameLimits.closeReasonBytes) return reason;
  let end: number = frameLimits.closeReasonBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString("utf8");
}

/** `ws` has one limit per server; strangers get the small one, and who signed in the large one. Its receiver reads this member for every frame. */
function allowLargeFrames(socket: WebSocket): void {
  const { _receiver: receiver } = socket as unknown as { _receiver?: { _maxPayload: number } }; // private to ws, pinned and tested
  if (receiver) receiver._maxPayload = frameLimits.maxPayloadBytes;
}
