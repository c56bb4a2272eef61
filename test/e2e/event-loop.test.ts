// A busy loop put into a running gateway: which function held it stands in the log.
import { expect, test } from "vitest";
import { startGateway } from "../fixtures/gateway-process.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { sleep } from "../fixtures/wire-client.ts";

/** Loaded before the gateway: a signal each holds the loop in JavaScript and inside one call of the system. */
const culprits = `
  function countsForever() { for (const end = Date.now() + 2500; Date.now() < end;) JSON.stringify([1, 2, 3]); }
  function waitsForTheSystem() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500); }
  process.on("SIGUSR2", () => countsForever());
  process.on("SIGWINCH", () => waitsForTheSystem());
`;
const blocks = [["SIGUSR2", "countsForever"], ["SIGWINCH", "waitsForTheSystem"]] as const;
/** The watch begins a moment after the start; what comes before it is not seen, so a block is tried again. */
const startedMs = 3_000;

interface Line { msg?: string; blockedMs?: number; stack?: string[] }

/** What is wrong with the lines about two blocks; empty when all is well. */
async function blockFaults({ tries, command }: { tries: number; command?: readonly string[] }): Promise<string[]> {
  const gateway = await startGateway({ env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(culprits)}"` }, ...(command ? { command } : {}) });
  const lines = (): Line[] => gateway.output().split("\n").filter((line) => line.startsWith("{") && line.includes("stood still")).map((line) => JSON.parse(line) as Line);
  const faults: string[] = [];
  try {
    await sleep(startedMs); // the watch begins a moment after the start
    for (const [signal, name] of blocks) {
      const before = lines().length;
      for (let left = tries; left > 0 && lines().length === before; left--) {
        gateway.child.kill(signal);
        await expect.poll(() => lines().length, { timeout: 6_000 }).toBeGreaterThan(before).catch(() => undefined); // told below
      }
      const found = lines().slice(before);
      if (found.length === 0) return [`${name} is not in the log`];
      if (!found.some((line) => line.stack?.some((frame) => frame.startsWith(`${name} data:`)))) faults.push(`${name} is not in its stack`);
      if (!found.some((line) => (line.blockedMs ?? 0) >= 2_000)) faults.push(`${name} held it for ${found.map((line) => line.blockedMs).join(", ")} ms`);
      if (!(await fetch(`${gateway.url}/healthz`)).ok) faults.push(`not healthy after ${name}`);
    }
    expect(await gateway.stop()).toBe(0);
    return faults;
  } finally {
    await gateway.destroy();
  }
}

test("[R34] a block of more than a second is logged with its length and the stack that held it", { timeout: 90_000 }, async () => {
  expect(await blockFaults({ tries: 3 })).toEqual([]);
  console.log(`[R34] ${blocks.length} blocks, each named by its stack`);
});

const mutants: (Mutation & { fault: RegExp })[] = [
  { name: "the thread never asks", file: "src/gateway/loop-stack.ts", from: "if (++missed === task.missedBeats)", to: "if (++missed === -1)", fault: /is not in the log/ },
  { name: "no watch begins", file: "src/gateway/gateway.ts", from: "begin = clock.after(blockWatchDelayMs,", to: "begin = clock.after(blockWatchDelayMs * 1_000,", fault: /is not in the log/ },
  { name: "the length is forgotten", file: "src/gateway/loop-stack.ts", from: "longestMs = Math.max(longestMs, now - beatAt);", to: "", fault: /held it for 0/ },
];
for (const { fault, ...mutation } of mutants) {
  test(`[R34] the check catches a gateway where ${mutation.name}`, { timeout: 120_000 }, async () => {
    const mutant = await makeMutant(mutation);
    try {
      expect((await blockFaults({ tries: 1, command: mutant.command })).join("; ")).toMatch(fault);
    } finally {
      await mutant.remove();
    }
  });
}
