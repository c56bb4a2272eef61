// A busy loop put into a running gateway: that it was held stands in the log, and from the second time on what held it.
import { expect, test } from "vitest";
import { startGateway } from "../fixtures/gateway-process.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { sleep } from "../fixtures/wire-client.ts";

/** Loaded before the gateway: a signal each holds the loop in JavaScript and inside one call of the system. */
const culprits = `
  function countsForever() { for (const end = Date.now() + 1800; Date.now() < end;) JSON.stringify([1, 2, 3]); }
  function waitsForTheSystem() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1800); }
  process.on("SIGUSR2", () => countsForever());
  process.on("SIGWINCH", () => waitsForTheSystem());
`;
const blocks = [["SIGUSR2", "countsForever"], ["SIGWINCH", "waitsForTheSystem"]] as const;
/** The thread that names begins a moment after the first block; what comes before it is not seen, so a block is tried again. */
const startedMs = 1_500;

interface Line { msg?: string; blockedMs?: number; stack?: string[] }

/** What is wrong with the lines about two blocks; empty when all is well. */
async function blockFaults({ tries, command }: { tries: number; command?: readonly string[] }): Promise<string[]> {
  const gateway = await startGateway({ env: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(culprits)}"` }, ...(command ? { command } : {}) });
  const lines = (): Line[] => gateway.output().split("\n").filter((line) => line.startsWith("{") && line.includes("stood still")).map((line) => JSON.parse(line) as Line);
  const more = async (than: number) => {
    for (const endsAt = performance.now() + 6_000; lines().length <= than && performance.now() < endsAt;) await sleep(50);
  };
  const faults: string[] = [];
  try {
    gateway.child.kill("SIGUSR2");
    await more(0);
    if (!((lines()[0]?.blockedMs ?? 0) >= 1_000)) return ["the first block is not in the log"];
    await sleep(startedMs);
    for (const [signal, name] of blocks) {
      const before = lines().length;
      for (let left = tries; left > 0 && lines().length === before; left--) {
        gateway.child.kill(signal);
        await more(before);
      }
      const found = lines().slice(before);
      if (found.length === 0) return [`${name} is not in the log`];
      if (!found.some((line) => line.stack?.some((frame) => frame.startsWith(`${name} data:`)))) faults.push(`${name} is not in its stack`);
      if (!found.some((line) => (line.blockedMs ?? 0) >= 1_300)) faults.push(`${name} held it for ${found.map((line) => line.blockedMs).join(", ")} ms`);
      if (!(await fetch(`${gateway.url}/healthz`)).ok) faults.push(`not healthy after ${name}`);
    }
    expect(await gateway.stop()).toBe(0);
    return faults;
  } finally {
    await gateway.destroy();
  }
}

test("[R34] a block of more than a second is logged with its length, and from the second one on with the stack that held it", { timeout: 90_000 }, async () => {
  expect(await blockFaults({ tries: 3 })).toEqual([]);
  console.log(`[R34] ${blocks.length} blocks, each named by its stack`);
});

const mutants: (Mutation & { fault: RegExp })[] = [
  { name: "the thread never asks", file: "src/gateway/loop-stack.ts", from: "if (++missed === task.missedBeats)", to: "if (++missed === -1)", fault: /countsForever is not in the log/ },
  { name: "nobody looks", file: "src/gateway/loop-blocks.ts", from: "blockedMs < blockMs", to: "blockedMs < Infinity", fault: /the first block is not in the log/ },
  { name: "the length is forgotten", file: "src/gateway/loop-stack.ts", from: "longestMs = Math.max(longestMs, now - beatAt);", to: "", fault: /held it for 0/ },
];
for (const { fault, ...mutation } of mutants) {
  test.concurrent(`[R34] the check catches a gateway where ${mutation.name}`, { timeout: 120_000 }, async () => {
    const mutant = await makeMutant(mutation);
    try {
      expect((await blockFaults({ tries: 1, command: mutant.command })).join("; ")).toMatch(fault);
    } finally {
      await mutant.remove();
    }
  });
}
