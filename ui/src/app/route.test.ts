// Addresses are read back as they were written.
import { describe, expect, it } from "vitest";
import { readPlace, writePlace } from "./route.ts";

describe("addresses", () => {
  it("writes session keys readably and reads them back", () => {
    const address = writePlace("chat", ["agent:main:telegram:group:-100/7"], { at: "m 1", none: undefined });
    expect(address).toBe("#/chat/agent:main:telegram:group:-100%2F7?at=m+1");
    expect(readPlace(address)).toEqual({ name: "chat", path: ["agent:main:telegram:group:-100/7"], query: { at: "m 1" } });
  });

  it.each(["", "#", "#/", "#//"])("leads from %j to the first place", (hash) => expect(readPlace(hash)).toEqual({ name: "chat", path: [], query: {} }));

  it("shows a stray percent sign as it stands", () => expect(readPlace("#/sessions/100%").path).toEqual(["100%"]));
});
