// docs/protocol/*.md: methods, events and errors for people.
import { faultCatalogue } from "../../src/base/faults.ts";
import { coreMethods } from "../../src/gateway/methods/all.ts";
import { wireEvents, type WireEvent } from "../../src/protocol/events.ts";
import type { GatewayMethod } from "../../src/gateway/registry.ts";
import { typeText, type Schema } from "./type-text.ts";

const plain = (schema: unknown): Schema => JSON.parse(JSON.stringify(schema)) as Schema; // a TypeBox value is its JSON Schema
const written = "Written by `npm run gen` from the code; change it there.";
const code = (text: string) => `\`\`\`ts\n${text}\n\`\`\``;

function accessText(method: GatewayMethod): string {
  const word = (access: string) => (access === "any" ? "everybody connected" : access === "node" ? "role node" : `\`${access}\``);
  const old = method.v3?.access === undefined ? "" : `; protocol 3: ${word(method.v3.access)}`;
  return `${word(method.access)}${old}${method.raise ? "; some params ask for more" : ""}`;
}

export function methodsPage(): string {
  const sections = coreMethods.map((method) => {
    const notes = [
      `Who: ${accessText(method)}.`,
      ...(method.once ? ["A side effect: the answer under an `idempotencyKey` is kept seven days, another body under it is refused."] : []),
      ...(method.unadvertised ? ["Not in `features.methods`."] : []),
    ];
    const early = method.early ? [`First answer:`, code(typeText(plain(method.early)))] : [];
    return [`## ${method.name}`, method.summary, notes.join(" "), "Params:", code(typeText(plain(method.params))), ...early, "Result:", code(typeText(plain(method.result)))].join("\n\n");
  });
  return `# Methods\n\n${written}\n\nA request is \`{"type":"req","id","method","params"}\`, its answer \`{"type":"res","id","ok","payload"|"error"}\`.\n\n${sections.join("\n\n")}\n`;
}

export function eventsPage(): string {
  const rows = Object.values(wireEvents).map((event: WireEvent) => {
    const notes = [
      `Who: ${event.targeted ? "one connection" : event.scope === undefined ? "everybody connected" : `operators with \`${event.scope}\``}.`,
      event.droppable ? "A reader that is too slow may miss it." : "A reader that is too slow for it is cut off.",
      `Protocols: ${event.protocols.join(", ")}.`,
    ];
    return [`## ${event.name}`, event.summary, notes.join(" "), code(typeText(plain(event.payload)))].join("\n\n");
  });
  return `# Events\n\n${written}\n\nAn event is \`{"type":"event","event","payload","seq"}\`. \`seq\` counts per connection from 1 without gaps but for dropped events; events for one connection have none. A client that was away calls \`events.resume\`.\n\n${rows.join("\n\n")}\n`;
}

export function errorsPage(): string {
  const rows = Object.entries(faultCatalogue).map(([name, row]) => `| \`${name}\` | \`${row.wire}\` | ${row.http} | ${row.retryable ? "yes" : "no"} | ${cell(row.message)} | ${cell(row.next)} |`);
  return `# Errors\n\n${written}\n\nAn error carries one of the wire's few codes; \`details.code\` is the finer one below and \`details.next\` what to do. Protocol 3 knows no \`FORBIDDEN\` and gets \`INVALID_REQUEST\`.\n\n| details.code | code | HTTP | try again | message | what to do |\n| --- | --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|");
}
