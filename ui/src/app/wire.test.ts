// How conversations and agents are named from what the gateway tells of them.
import { describe, expect, it } from "vitest";
import { agentIdOf, agentName, agentOf, choiceOf } from "./agents.ts";
import { previewOf, titleOf } from "./wire.ts";

const row = (rest: object) => ({ key: "agent:main:chat-1", kind: "direct", updatedAt: 1, ...rest });

describe("a conversation", () => {
  it.each([
    ["# Title A **bold** `word`", "Title A bold word"],
    ["Here: ```ts const a = 1; ```", "Here: const a = 1;"],
    ["- one - two ## Next", "one - two Next"],
    ["See [the guide](https://example.org/x)", "See the guide"],
    ["2 * 3 = 6 and a-b and snake_case", "2 * 3 = 6 and a-b and snake_case"],
  ])("previews %s without its marks", (lastMessagePreview, shown) => expect(previewOf(row({ lastMessagePreview }))).toBe(shown));

  it("in which nothing was said is not named after its id", () => {
    expect(titleOf(row({ sessionId: "9a8b7c6d-1", derivedTitle: "9a8b7c6d (2026-11-21)" }))).toBe("New conversation");
    expect(titleOf(row({ sessionId: "9a8b7c6d-1", derivedTitle: "Tax letters" }))).toBe("Tax letters");
    expect(titleOf(row({ sessionId: "9a8b7c6d-1", derivedTitle: "9a8b7c6d (2026-11-21)", label: "Mine" }))).toBe("Mine");
  });
});

describe("agents", () => {
  const list = { defaultId: "main", mainKey: "main", agents: [{ id: "main", name: "Clawd" }, { id: "b", identity: { emoji: "🔬" } }] };
  it("are found by a key and named with their sign", () => {
    expect([agentIdOf("agent:b:x:y"), agentIdOf("main"), agentIdOf("agent:b")]).toEqual(["b", undefined, undefined]);
    expect([agentOf(list, "agent:b:main"), agentOf(list, "main"), agentOf(list, "agent:gone:main")].map((agent) => agent && agentName(agent))).toEqual(["🔬 b", "Clawd", undefined]);
  });
  it("are no choice while there is one", () => {
    expect([choiceOf(undefined), choiceOf({ ...list, agents: list.agents.slice(1) }), agentOf({ ...list, agents: list.agents.slice(1) }, "agent:b:main")]).toEqual([[], [], undefined]);
  });
});
