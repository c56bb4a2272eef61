// docs/protocol/schema.json: the wire as data, from which native apps make their models.
import { coreMethods } from "../../src/gateway/methods/all.ts";
import { connectParams, helloOk } from "../../src/protocol/connect.ts";
import { wireCodes } from "../../src/protocol/errors.ts";
import { wireEvents, type WireEvent } from "../../src/protocol/events.ts";
import { maxProtocol, minProtocol } from "../../src/protocol/frames.ts";
import { scopes } from "../../src/protocol/scopes.ts";

export function protocolSchema(): object {
  return JSON.parse(JSON.stringify({
    title: "OpenClaw gateway protocol",
    protocols: [minProtocol, maxProtocol],
    scopes,
    errorCodes: wireCodes,
    connect: { params: connectParams, result: helloOk },
    methods: Object.fromEntries(coreMethods.map((method) => [method.name, {
      summary: method.summary,
      access: method.access,
      ...(method.v3?.access === undefined ? {} : { accessInProtocol3: method.v3.access }),
      ...(method.raise ? { mayAskForMore: true } : {}),
      ...(method.once ? { once: true } : {}),
      ...(method.unadvertised ? { unadvertised: true } : {}),
      params: method.params,
      result: method.result,
      ...(method.early ? { early: method.early } : {}),
    }])),
    events: Object.fromEntries(Object.values(wireEvents).map((event: WireEvent) => [event.name, {
      summary: event.summary,
      ...(event.scope === undefined ? {} : { scope: event.scope }),
      droppable: event.droppable,
      ...(event.targeted ? { targeted: true } : {}),
      protocols: event.protocols,
      payload: event.payload,
    }])),
  })) as object;
}
