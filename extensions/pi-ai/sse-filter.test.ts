import { describe, expect, it } from "vitest";
import { createFakeClock } from "../../src/sdk/testing/host.ts";
import { createSseFilter } from "./sse-filter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (all: Uint8Array) => new TextDecoder().decode(all);

function pass(stream: string, cut: number, maxLineBytes = 1_000_000): { out: string; broken: string | undefined } {
  const filter = createSseFilter(createFakeClock(), maxLineBytes);
  const all = bytes(stream);
  let out = "";
  for (let at = 0; at < all.length; at += cut) out += text(filter.push(all.subarray(at, at + cut)));
  return { out: out + text(filter.end()), broken: filter.broken()?.message };
}

const chat = (piece: string) => `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: piece } }] }, finish_reason: null }] })}\n\n`;
const messages = (piece: string) => `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: piece } })}\n\n`;
const responses = (piece: string) => `event: response.function_call_arguments.delta\ndata: ${JSON.stringify({ type: "response.function_call_arguments.delta", output_index: 0, item_id: "i", delta: piece })}\n\n`;

/** The pieces of arguments in a stream, joined. */
function argumentsIn(stream: string): string {
  return stream
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => {
      const value = JSON.parse(line.slice(6)) as { choices?: { delta: { tool_calls?: { function: { arguments: string } }[] } }[]; delta?: string | { partial_json?: string } };
      const call = value.choices?.[0]?.delta.tool_calls?.[0]?.function.arguments;
      return call ?? (typeof value.delta === "string" ? value.delta : (value.delta?.partial_json ?? ""));
    })
    .join("");
}

describe("the filter of event streams", () => {
  it("passes ordinary events on unchanged, however they are cut", () => {
    const stream = 'event: a\ndata: {"x":"häß 🙂"}\n\n: ping\n\ndata: [DONE]\n\n';
    for (let cut = 1; cut <= stream.length; cut++) expect(pass(stream, cut)).toEqual({ out: stream, broken: undefined });
  });

  it("understands line ends of both kinds and keeps an unfinished last event", () => {
    expect(pass('data: {"a":1}\r\n\r\ndata: {"b"', 7).out).toBe('data: {"a":1}\n\ndata: {"b"');
  });

  it.each([["chat", chat], ["messages", messages], ["responses", responses]] as const)("joins crumbs of %s arguments without losing a character", (_name, crumb) => {
    const whole = JSON.stringify({ content: "a\"b\\c 🙂\n".repeat(500) });
    const pieces = whole.match(/[\s\S]{1,3}/g) ?? [];
    const { out } = pass(`${pieces.map(crumb).join("")}data: {"end":true}\n\n`, 1_000);
    expect(argumentsIn(out)).toBe(whole);
    expect(out.endsWith('data: {"end":true}\n\n')).toBe(true);
    // As many events as doublings, not as many as crumbs: what is parsed again and again stays linear in all.
    expect(out.split("\n\n").length).toBeLessThan(20);
    expect(pieces.length).toBeGreaterThan(1_000);
  });

  it("keeps the order when another event comes between crumbs", () => {
    const other = 'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n';
    const { out } = pass(chat('{"a"') + other + chat(":1}"), 50);
    expect(out).toBe(chat('{"a"') + other + chat(":1}"));
  });

  it("leaves alone what is more than a crumb", () => {
    const first = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "c1", function: { name: "read", arguments: "{" } }] }, finish_reason: null }] })}\n\n`;
    const last = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: "}" } }] }, finish_reason: "tool_calls" }] })}\n\n`;
    expect(pass(first + last, 10).out).toBe(first + last);
  });

  it("does not hold crumbs back for long", async () => {
    const clock = createFakeClock();
    const filter = createSseFilter(clock, 1_000_000);
    expect(text(filter.push(bytes(chat("{"))))).toBe("");
    await clock.advance(3_000);
    expect(argumentsIn(text(filter.push(bytes(chat('"a"')))))).toBe('{"a"');
  });

  it("stops at a line that is too long, whether or not it ends", () => {
    expect(pass(`data: ${"x".repeat(2_000)}\n\n`, 100, 1_000)).toEqual({ out: "", broken: expect.stringContaining("1000 bytes") });
    expect(pass("x".repeat(2_000), 100, 1_000).broken).toContain("1000 bytes");
    expect(pass("data: {}\n\n".repeat(1_000), 5_000, 1_000).broken).toBeUndefined();
  });

  it("stops at an event that breaks off, after passing on what came before", () => {
    expect(pass('data: {"a":1}\n\ndata: {"b":\n\ndata: {"c":1}\n\n', 1_000)).toEqual({ out: 'data: {"a":1}\n\n', broken: expect.stringContaining("breaks off") });
  });
});
