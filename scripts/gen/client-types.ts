// src/protocol/generated: the types of every method and event, for our clients.
import { coreMethods } from "../../src/gateway/methods/all.ts";
import { wireEvents, type WireEvent } from "../../src/protocol/events.ts";
import { typeText, type Schema } from "./type-text.ts";

const plain = (schema: unknown): Schema => JSON.parse(JSON.stringify(schema)) as Schema; // a TypeBox value is its JSON Schema

export function clientTypes(): string {
  const methods = coreMethods.map((method) => {
    const early = method.early ? `\n    /** The first of two answers. */\n    early: ${typeText(plain(method.early), "    ")};` : "";
    return `  /** ${method.summary} */\n  ${JSON.stringify(method.name)}: {\n    params: ${typeText(plain(method.params), "    ")};\n    result: ${typeText(plain(method.result), "    ")};${early}\n  };`;
  });
  return `// Params and results of every method. Written by \`npm run gen\`.

export interface MethodTypes {
${methods.join("\n")}
}

export type MethodName = keyof MethodTypes;
`;
}

export function eventTypes(): string {
  const events = Object.values(wireEvents).map((event: WireEvent) => `  /** ${event.summary} */\n  ${JSON.stringify(event.name)}: ${typeText(plain(event.payload), "  ")};`);
  return `// Payloads of every event. Written by \`npm run gen\`.

export interface EventPayloads {
${events.join("\n")}
}

export type EventName = keyof EventPayloads;
`;
}
