// The contract suite of tools: what every one of them must hold, run from each extension's own tests.
import { describe, expect, it } from "vitest";
import { Compile } from "typebox/compile";
import { Fault } from "../../base/faults.ts";
import type { Tool, ToolContext, ToolResult } from "../tool.ts";

export interface ToolCase {
  /** A new tool per test. */
  tool(): Tool;
  /** Arguments with which it works. */
  works: readonly unknown[];
  /** Arguments that fit the schema and with which it must fail as a Fault. */
  fails: readonly unknown[];
  /** Arguments that the schema must refuse. */
  misfits: readonly unknown[];
  context?: Partial<ToolContext>;
}

/** A call as execution makes it. */
export function toolContext(change: Partial<ToolContext> = {}): ToolContext {
  return {
    signal: new AbortController().signal,
    callId: "call-1",
    runId: "run-1",
    sessionKey: "agent:main:main",
    agentId: "main",
    authority: { person: "owner", scopes: ["operator.read", "operator.write"], door: "chat", tainted: false },
    workspace: "/nowhere",
    settings: {},
    progress: () => undefined,
    ...change,
  };
}

/** Call it once at the top of a test file. */
export function testTool(subject: ToolCase): void {
  const { name } = subject.tool();
  const run = (args: unknown, change: Partial<ToolContext> = {}): Promise<ToolResult> => subject.tool().run(args as never, toolContext({ ...subject.context, ...change })); // each case fits the schema, which is tested below

  describe(`tool contract: ${name}`, () => {
    it("describes itself to people and to models", () => {
      const tool = subject.tool();
      expect(tool.name).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
      expect(tool.label).not.toBe("");
      expect(tool.description.length).toBeGreaterThan(20);
      expect(tool.params).toMatchObject({ type: "object", additionalProperties: false });
    });

    it("names what its effect falls on", () => {
      const tool = subject.tool();
      if (tool.risk === "read") return;
      for (const args of subject.works) expect(tool.target?.(args as never)).toMatch(/./);
    });

    it("accepts good arguments and refuses misfits by its schema alone", () => {
      const params = Compile(subject.tool().params);
      for (const args of [...subject.works, ...subject.fails]) expect(params.Check(args), JSON.stringify(args)).toBe(true);
      for (const args of subject.misfits) expect(params.Check(args), JSON.stringify(args)).toBe(false);
    });

    it("returns content that can be written down", async () => {
      for (const args of subject.works) {
        const result = await run(args);
        expect(result.content.length).toBeGreaterThan(0);
        for (const part of result.content) expect(part.type === "text" ? typeof part.text : part.mimeType.length > 0 && typeof part.data).toBe("string");
        expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      }
    });

    it("fails with a Fault whose words can be shown", async () => {
      for (const args of subject.fails) {
        const error: unknown = await run(args).catch((thrown: unknown) => thrown);
        expect(error, JSON.stringify(args)).toBeInstanceOf(Fault);
        expect((error as Fault).message).not.toMatch(/undefined|\[object|\bat .*:\d+:\d+/);
      }
    });
  });
}
