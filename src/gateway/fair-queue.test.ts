// Turns of the ring, bounds per connection and the slow reader's limits, without a network.
import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";
import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog } from "../base/log.ts";
import { Connection, cutReason } from "./connection.ts";
import { createConnections, totalQueueBytes } from "./connections.ts";
import { createFairQueue } from "./fair-queue.ts";

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  paused = false;
  sent: string[] = [];
  closedWith: { code: number; reason: string } | undefined;
  terminated = false;
  send(text: string) {
    this.sent.push(text);
    this.bufferedAmount += text.length;
  }
  pause() {
    this.paused = true;
  }
  resume() {
    this.paused = false;
  }
  close(code: number, reason: string) {
    this.readyState = 2;
    this.closedWith = { code, reason };
  }
  terminate() {
    this.terminated = true;
    this.readyState = 3;
  }
}

function connectionWith(budget = { totalBytes: 1_000_000, perConnectionBytes: 1_000, queuedBytes: 0 }) {
  const socket = new FakeSocket();
  const peer = { address: "127.0.0.1", socketAddress: "127.0.0.1", local: true, hostName: "localhost", viaProxy: false, origin: undefined, secure: false };
  return { socket, budget, connection: new Connection({ connId: Math.random().toString(36), peer, log: silentLog, socket: socket as unknown as WebSocket, stream, nonce: "n", budget, gather }) };
}

const stream = { cork() {}, uncork() {} };
const gather = (connection: Connection) => queueMicrotask(() => connection.flush());

/** Queues a flood on one connection and one request on each of others; returns how many of the flood began before the last of the others, and how many were in work at once. */
async function fairness(make: typeof createFairQueue, costMs: number): Promise<{ before: number; most: number; began: number }> {
  const clock = createFakeClock();
  const flood = connectionWith().connection;
  const others = Array.from({ length: 10 }, () => connectionWith().connection);
  const order: Connection[] = [];
  let most = 0;
  const queue = make({
    clock: { ...clock, monotonic: () => elapsed },
    limits: () => ({ inFlight: 64, perSecond: 1e9 }),
    work(connection, text) {
      order.push(connection);
      elapsed += costMs;
      most = Math.max(most, flood.inFlight);
      pending.push({ connection, text });
    },
  });
  let elapsed = 0;
  const pending: { connection: Connection; text: string }[] = [];
  const settle = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) {
      await Promise.resolve();
      const done = pending.splice(0);
      for (const { connection, text } of done) queue.done(connection, text);
    }
  };
  elapsed = 100; // the turn is used up: all of them wait for the next
  for (let n = 0; n < 5_000; n++) queue.push(flood, `f${n}`);
  for (const other of others) queue.push(other, "o");
  await settle(20_000);
  const last = Math.max(...others.map((other) => order.indexOf(other)));
  return { before: order.slice(0, last + 1).filter((one) => one === flood).length, most, began: order.length };
}

describe("[R30] the fair queue", () => {
  it("[R30] lets others begin after at most a few of the flood, and holds 64 of one connection in work", async () => {
    const { before, began } = await fairness(createFairQueue, 0.5);
    expect(before).toBeLessThanOrEqual(20);
    expect(began).toBe(5_010);
    expect((await fairness(createFairQueue, 0.01)).most).toBeLessThanOrEqual(64);
    console.log(`[R30] ${before} of 5,000 began before the last of 10 others`);
  });

  it.each([
    { name: "takes all of one connection first", from: "begin(connection, text);\n    enter(connection, limits);", to: "begin(connection, text);\n    if (isReady(connection, limits)) return step(connection, limits);" },
    { name: "has no bound per connection", from: "connection.waiting.length > 0 && connection.inFlight < limits.inFlight;", to: "connection.waiting.length > 0;" },
  ])("[R30] the check sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ createFairQueue: typeof createFairQueue }>({ name, file: "src/gateway/fair-queue.ts", from, to });
    const { before } = await fairness(mutant.createFairQueue, 0.5);
    const { most } = await fairness(mutant.createFairQueue, 0.01);
    expect(before > 20 || most > 64).toBe(true);
  }, 60_000);

  it("stops reading a socket whose requests pile up, and reads on when they are fewer", async () => {
    const clock = createFakeClock();
    const { connection, socket } = connectionWith();
    const began: Connection[] = [];
    const queue = createFairQueue({ clock, limits: () => ({ inFlight: 1, perSecond: 1e9 }), work: (one) => void began.push(one) });
    for (let n = 0; n < 600; n++) queue.push(connection, "x");
    expect(socket.paused).toBe(true);
    while (connection.waiting.length > 10) {
      queue.done(connection, "x");
      await clock.advance(1);
    }
    expect(socket.paused).toBe(false);
  });

  const mebibyte = 1_048_576;

  /** Large frames on one socket: what of them is held at once, and whether all are done in the end. */
  const heldOfLarge = async (make: typeof createFairQueue): Promise<{ heldMiB: number; workedMiB: number; done: number }> => {
    const clock = createFakeClock();
    const { connection, socket } = connectionWith();
    const inWork: string[] = [];
    const queue = make({ clock, limits: () => ({ inFlight: 64, perSecond: 1e9 }), work: (_connection, text) => void inWork.push(text) });
    const sizeOf = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0) / mebibyte;
    const sizes = [1, 2, 25, 1, 1, 3, 25, 25, 1];
    const frames = sizes.map((size) => "x".repeat(size * mebibyte));
    let heldMiB = 0;
    let workedMiB = 0;
    let done = 0;
    while (done < sizes.length) {
      while (!socket.paused && frames.length > 0) queue.push(connection, frames.shift() ?? "");
      await clock.advance(1);
      heldMiB = Math.max(heldMiB, sizeOf(connection.waiting));
      workedMiB = Math.max(workedMiB, sizeOf(inWork));
      const text = inWork.shift();
      expect(text, "nothing is in work and something waits").toBeDefined();
      queue.done(connection, text ?? "");
      done++;
      await clock.advance(1);
    }
    return { heldMiB, workedMiB, done };
  };

  it("[I.28] holds large frames of one socket up to a bound, and does all of them", async () => {
    const { heldMiB, workedMiB, done } = await heldOfLarge(createFairQueue);
    expect(done).toBe(9);
    expect(heldMiB).toBeLessThanOrEqual(8 + 25);
    expect(workedMiB).toBeLessThanOrEqual(25);
  });

  it.each([
    { name: "reads on whatever waits", from: " || own.waiting > maxHeldChars)", to: ")" },
    { name: "begins all that it may by number", from: "return inWork === 0 || inWork + (connection.waiting[0]?.length ?? 0) <= maxHeldChars;", to: "return inWork >= 0 || connection.waiting.length > 0;" },
  ])("[I.28] the check sees a queue that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ createFairQueue: typeof createFairQueue }>({ name, file: "src/gateway/fair-queue.ts", from, to });
    const { heldMiB, workedMiB } = await heldOfLarge(mutant.createFairQueue);
    expect(heldMiB > 8 + 25 || workedMiB > 25).toBe(true);
  }, 60_000);

  it("makes a connection wait when its rate is used up", async () => {
    const clock = createFakeClock();
    const { connection } = connectionWith();
    let began = 0;
    const queue = createFairQueue({ clock, limits: () => ({ inFlight: 1_000, perSecond: 10 }), work: () => void began++ });
    for (let n = 0; n < 100; n++) queue.push(connection, "x");
    await clock.advance(1);
    expect(began).toBe(20);
    await clock.advance(1_000);
    expect(began).toBeGreaterThanOrEqual(29);
    expect(began).toBeLessThanOrEqual(31);
  });
});

/** What a reader that takes nothing is sent and when it is cut off. */
async function slowReader(parts: { Connection: typeof Connection; createConnections: typeof createConnections }): Promise<string[]> {
  const failures: string[] = [];
  const clock = createFakeClock();
  const connections = parts.createConnections({ clock, perConnectionBytes: 200_000 });
  const make = () => {
    const socket = new FakeSocket();
    const connection = new parts.Connection({ connId: `${Math.random()}`, peer: { address: "x", socketAddress: "x", local: true, hostName: "x", viaProxy: false, origin: undefined, secure: false }, log: silentLog, socket: socket as unknown as WebSocket, stream, nonce: "n", budget: connections.budget, gather });
    connection.admit({ connId: connection.connId } as never, 0);
    connections.add(connection);
    return { socket, connection };
  };
  const full = make();
  for (let n = 0; n < 30; n++) full.connection.send("x".repeat(20_000), true);
  if (full.socket.closedWith) failures.push("droppable frames cut a reader off");
  if (full.socket.sent.length > 14) failures.push(`${full.socket.sent.length} droppable frames were queued beyond the bound`);
  full.connection.send("x", false);
  if (full.socket.closedWith?.reason !== "slow consumer" || full.socket.closedWith.code !== 1008) failures.push("a frame that must not be dropped did not cut the reader off");
  await clock.advance(2_100);
  if (!full.socket.terminated) failures.push("the cut socket was not ended");

  const stuck = make();
  stuck.connection.send("x".repeat(500), false);
  await clock.advance(0);
  await clock.advance(9_000);
  if (stuck.socket.closedWith) failures.push("a reader was cut off before its ten seconds");
  stuck.socket.bufferedAmount = 400;
  await clock.advance(9_000);
  if (stuck.socket.closedWith) failures.push("a reader that moved was cut off");
  await clock.advance(3_000);
  if (!stuck.socket.closedWith) failures.push("a reader that took nothing for ten seconds was kept");

  const idle = make();
  idle.connection.send("x", false);
  await clock.advance(0);
  idle.socket.bufferedAmount = 0;
  await clock.advance(60_000);
  if (idle.socket.closedWith) failures.push("an idle reader was cut off");
  connections.stop();
  return failures;
}

describe("[R15] the slow reader", () => {
  it("[R15] loses droppable frames, is cut off by others, and has ten seconds to take something", async () => {
    expect(await slowReader({ Connection, createConnections })).toEqual([]);
    console.log("[R15] 4 readers");
  });

  it.each([
    { name: "never cuts off", file: "src/gateway/connection.ts", from: "if (!droppable) this.cutOff();", to: "" },
    { name: "queues without a bound", file: "src/gateway/connection.ts", from: "if (!droppable) this.cutOff();\n        return;", to: "if (!droppable) this.cutOff();" },
    { name: "waits for ever", file: "src/gateway/connections.ts", from: "else if (now - connection.stuckSince >= stuckAfterMs) connection.cutOff();", to: "" },
  ])("[R15] the check sees a mutant that $name", async (mutation) => {
    const mutant = await importMutant<Partial<{ Connection: typeof Connection; createConnections: typeof createConnections }>>(mutation);
    expect((await slowReader({ Connection, createConnections, ...mutant })).length).toBeGreaterThan(0);
  }, 60_000);

  it("[R15] all queues together stay within 64 MiB: the largest is given up first", async () => {
    const clock = createFakeClock();
    const connections = createConnections({ clock, perConnectionBytes: 100_000_000 });
    const all = Array.from({ length: 10 }, (_, n) => {
      const { socket, connection } = connectionWith(connections.budget as never);
      connection.admit({ connId: connection.connId } as never, 0);
      connections.add(connection);
      socket.bufferedAmount = 0;
      connection.send("x".repeat(1_000_000 * (n + 3)), false);
      return { socket, connection };
    });
    expect(connections.budget.queuedBytes).toBeGreaterThan(totalQueueBytes);
    await clock.advance(1_100);
    expect(connections.budget.queuedBytes).toBeLessThanOrEqual(totalQueueBytes);
    expect(all.filter(({ socket }) => socket.closedWith).length).toBeGreaterThan(0);
    expect(all[0]?.socket.closedWith).toBeUndefined();
    connections.stop();
  });
});

describe("a close reason", () => {
  it("[rpc.trap.close-reason] is cut at 120 bytes, never inside a character", () => {
    expect(cutReason("short")).toBe("short");
    for (const text of ["x".repeat(200), "ä".repeat(100), "🙂".repeat(60), `a${"€".repeat(60)}`]) {
      const cut = cutReason(text);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(120);
      expect(text.startsWith(cut)).toBe(true);
      expect(cut).not.toContain("\ufffd");
    }
  });
});
