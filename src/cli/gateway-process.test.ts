// What a gateway that ended at once said, taken apart again.
import { describe, expect, it } from "vitest";
import { readReason } from "./actions/gateway-process.ts";

describe("the reason of a start that failed", () => {
  it("is the error with its code and next step, whatever was said before it", () => {
    expect(readReason(["warning: something else", "error: port 1 is in use [gateway.port-taken]", "→ Stop what listens there."])).toEqual({ message: "port 1 is in use", code: "gateway.port-taken", next: "Stop what listens there." });
    expect(readReason(["error: invalid config [config.invalid]", "  line 2:1: unknown key x"])).toEqual({ message: "invalid config\n  line 2:1: unknown key x", code: "config.invalid" });
  });

  it("is what there is, where it was said in another form", () => {
    expect(readReason(["Segmentation fault"])).toEqual({ message: "Segmentation fault" });
    expect(readReason([])).toEqual({ message: "" });
  });
});
