import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { fault } from "../base/faults.ts";
import { createLog } from "../base/log.ts";
import type * as LogModule from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { createRedactor } from "./leaks.ts";

const hostile = ["line\nbreak", "carriage\rreturn", "esc\u001b[2J\u001b]0;title\u0007", "c1 \u009b31m \u0085", "nul\0", "line sep \u2028 \u2029", "bidi \u202e\u2066evil", "back\bspace", "del\u007f", '{"level":"error","message":"forged"}\n{"level":"info"}'];
const secrets = ["sk-live-Canary-1234567890abcdef", 'with "quotes" and \\ 1234567890', "päßwörter-mit-ümlauten-123", "https-hidden/+=chars-0987654321", "tab\tin-secret-value-42"];
const known = secrets.map((value) => new Secret(value));
const plain = /^[\u0020-\u007e\u00a0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\uffff]*$/;

function writeEverywhere(create: typeof createLog, text: string, redact: (line: string) => string): string[] {
  const lines: string[] = [];
  const log = create({ level: "debug", redact, sinks: [{ write: (line) => void lines.push(line) }] });
  const child = log.child({ client: text, connId: "c1" });
  child.info(text);
  child.warn("message", { field: text, [text]: 1, deep: { list: [text, { value: text }] } });
  child.error("failed", { error: new Error(text, { cause: fault("request.invalid", { reason: text }) }) });
  child.debug(JSON.stringify({ nested: text }));
  // Across each place where a long line is cut, wherever the fields before it end.
  for (let before = 1_700; before < 2_000; before += 9) child.info(`${"x".repeat(before)}${text}${"y".repeat(16_000)}`);
  for (let before = 16_000; before < 16_384; before += 9) child.info(`${"x".repeat(before)}${text}${"y".repeat(200)}`);
  return lines;
}

describe("the log", () => {
  it("[I.27] writes one JSON line per entry whatever a client puts into it", () => {
    let cases = 0;
    for (const text of hostile) {
      for (const line of writeEverywhere(createLog, text, createRedactor(() => known))) {
        expect(line.endsWith("\n")).toBe(true);
        expect(line.slice(0, -1)).toMatch(plain);
        expect(JSON.parse(line)).toBeTypeOf("object");
        expect(line.length).toBeLessThan(33_000);
        cases++;
      }
    }
    console.log(`[I.27] ${cases} lines from ${hostile.length} hostile texts`);
  });

  it("[I.27] [I.15] holds no secret, in fields, keys, errors, causes or long lines that are cut", () => {
    let cases = 0;
    for (const secret of secrets) {
      for (const line of writeEverywhere(createLog, `before ${secret} after`, createRedactor(() => known))) {
        const shown = JSON.stringify(JSON.parse(line));
        for (const part of [secret, JSON.stringify(secret).slice(1, -1), secret.slice(0, 14)]) expect(shown).not.toContain(part);
        cases++;
      }
    }
    console.log(`[I.27] ${cases} lines with ${secrets.length} secrets`);
  });

  it("[I.27] catches seeded mutants: no redaction, cut before it, controls as they are", async () => {
    const load = (from: string, to: string) => importMutant<typeof LogModule>({ name: from, file: "src/base/log.ts", from, to });
    const redact = createRedactor(() => known);
    const leaks = (create: typeof createLog) => writeEverywhere(create, secrets[0] ?? "", redact).filter((line) => line.includes((secrets[0] ?? "").slice(0, 10))).length;
    expect(leaks(createLog)).toBe(0);
    expect(leaks((await load("redact(line.slice(0, MAX_LINE_CHARS))", "line.slice(0, MAX_LINE_CHARS)")).createLog)).toBeGreaterThan(0);
    expect(leaks((await load("redact(line.slice(0, MAX_LINE_CHARS))", "redact(line.length > MAX_LINE_CHARS ? line.slice(0, HEAD_CHARS) : line)")).createLog)).toBeGreaterThan(0);
    const raw = await load("escapeControls(redact(", "((text: string) => text)(redact(");
    expect(hostile.some((text) => writeEverywhere(raw.createLog, text, redact).some((line) => !plain.test(line.slice(0, -1))))).toBe(true);
  });
});
