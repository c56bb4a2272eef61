import { expect, test } from "vitest";
import { buildPrompt, promptSections, type PromptParts } from "./prompt.ts";

const parts: PromptParts = {
  agent: { identity: { name: "Ada" }, workspace: "/home/x/workspace" },
  files: [
    { name: "AGENTS.md", text: "be good", cutChars: 0 },
    { name: "SOUL.md", cutChars: 0 },
    { name: "MEMORY.md", text: "likes tea", cutChars: 5 },
    { name: "BOOTSTRAP.md", cutChars: 0 },
    { name: "HEARTBEAT.md", text: "check mail", cutChars: 0 },
  ],
  isMainSession: true,
  hasTools: true,
  day: "2026-11-21",
  timeZone: "UTC",
};

test("names the agent, its workspace and its files, marks what is missing and what is cut", () => {
  const prompt = buildPrompt(parts);
  expect(prompt).toContain("You are Ada");
  expect(prompt).toContain("/home/x/workspace");
  expect(prompt).toContain("## AGENTS.md\nbe good");
  expect(prompt).toContain("## SOUL.md\n[missing");
  expect(prompt).toContain("## MEMORY.md\nlikes tea\n[cut: 5 more characters");
  expect(prompt).not.toContain("BOOTSTRAP.md");
  expect(prompt).not.toContain("check mail");
});

test("long-term notes stay out of other sessions than the person's own", () => {
  expect(buildPrompt({ ...parts, isMainSession: false })).not.toContain("likes tea");
});

test("what may change from turn to turn stands behind everything that does not", () => {
  const sections = promptSections({ ...parts, extraSystem: "answer in verse" });
  const firstChanging = sections.findIndex((section) => !section.isStable);
  expect(sections.slice(firstChanging).some((section) => section.isStable)).toBe(false);
  expect(sections.slice(firstChanging).map((section) => section.name)).toEqual(["date", "request"]);
});

test("two days, two requests: the same bytes up to the date", () => {
  const one = buildPrompt(parts);
  const two = buildPrompt({ ...parts, day: "2026-11-22", extraSystem: "answer in verse" });
  const shared = promptSections(parts).filter((section) => section.isStable).map((section) => section.text).join("\n\n");
  expect(one.startsWith(shared)).toBe(true);
  expect(two.startsWith(shared)).toBe(true);
  expect(shared.length).toBeGreaterThan(one.length * 0.9);
});

test("the fixed part is small", () => {
  expect(buildPrompt({ ...parts, files: [] }).length).toBeLessThan(3_000);
});
