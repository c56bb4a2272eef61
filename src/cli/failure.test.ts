// Any error as words for a person, a code for a program and an exit code.
import { describe, expect, it } from "vitest";
import { fault } from "../base/faults.ts";
import { CallError } from "../client/call-error.ts";
import { refusalFailure } from "./connection.ts";
import { describeFailure, failure, usageFailure } from "./failure.ts";

describe("what is said about", () => {
  it("our own failures and faults has the next step", () => {
    expect(describeFailure(failure("X", "No.", "Do that.", 78))).toEqual({ view: { code: "X", message: "No.", next: "Do that." }, exitCode: 78 });
    expect(describeFailure(usageFailure("wrong"))).toEqual({ view: { code: "USAGE", message: "wrong" }, exitCode: 2 });
    expect(describeFailure(fault("session.not-found", { key: "x" })).view).toEqual({ code: "session.not-found", message: "No session found: x", next: "List sessions with `openclaw sessions`." });
  });

  it("the gateway's refusals carries its finer code and hint, said once", () => {
    const error = new CallError({ code: "FORBIDDEN", message: "missing scope: operator.admin", details: { code: "auth.scope", next: "Pair this device with that scope and approve it." } });
    expect(describeFailure(error)).toEqual({ view: { code: "auth.scope", message: "missing scope: operator.admin", next: "Pair this device with that scope and approve it." }, exitCode: 1 });
  });

  it("a wrong configuration names the places and how to check", () => {
    const issues = [{ path: "gateway.prot", message: "unknown key gateway.prot", line: 3, column: 5, suggestion: "port" }];
    const expected = { code: "config.invalid", message: "invalid config\n  line 3:5: unknown key gateway.prot (did you mean port?)", next: expect.stringContaining("openclaw config validate") };
    expect(describeFailure(fault("config.invalid", { issues })).view).toEqual(expected);
    expect(describeFailure(new CallError({ code: "INVALID_REQUEST", message: "invalid config", details: { code: "config.invalid", issues, next: "…" } })).view).toEqual(expected);
  });

  it("an interruption is its exit code, about a bug how to find it", () => {
    expect(describeFailure(new DOMException("stop", "AbortError")).exitCode).toBe(130);
    expect(describeFailure(new TypeError("x is not a function")).view).toMatchObject({ code: "INTERNAL", next: expect.stringContaining("OPENCLAW_DEBUG") });
    expect(describeFailure(Object.assign(new Error("EACCES: permission denied, open '/x'"), { syscall: "open", code: "EACCES", path: "/x" })).view).toEqual({ code: "EACCES", message: "/x: this user may not do that there", next: expect.stringContaining("permissions") });
    expect(describeFailure(Object.assign(new Error("EMFILE: too many open files"), { syscall: "open", code: "EMFILE" })).view).toMatchObject({ code: "EMFILE", message: "EMFILE: too many open files", next: expect.stringContaining("doctor") });
  });
});

describe("a connection that failed", () => {
  const offline = (details: object) => new CallError({ code: "OFFLINE", message: "The reason. The client's step.", details: { nextStep: "The client's step.", ...details } });

  it("says how to start the gateway at home, and what to check elsewhere", () => {
    expect(refusalFailure(offline({ code: "CLOSE_1006" }), { url: "ws://127.0.0.1:18789", isHome: true })).toMatchObject({ code: "GATEWAY_UNREACHABLE", next: expect.stringContaining("openclaw gateway start") });
    expect(refusalFailure(offline({ code: "CLOSE_1006" }), { url: "wss://home.example", isHome: false }).next).not.toContain("gateway start");
  });

  it("that waits for approval gives the words and the command that approves", () => {
    const error = refusalFailure(offline({ code: "PAIRING_REQUIRED", requestId: "req-1", words: "one two three" }), { url: "wss://home.example", isHome: false });
    expect(error.message).toContain("one two three");
    expect(error.next).toContain("openclaw devices approve req-1");
  });

  it("keeps the client's words for everything else", () => {
    expect(refusalFailure(offline({ code: "AUTH_RATE_LIMITED" }), { url: "x", isHome: true })).toMatchObject({ message: "The reason.", next: "The client's step." });
  });
});
