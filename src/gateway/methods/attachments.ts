// Attachments as chat.send and agent carry them: base64 in the frame, checked before anything is stored.
import { Type, type Static } from "typebox";
import { fault } from "../../base/faults.ts";
import type { Attachment } from "../../flows/accept.ts";

/** Loose on purpose: clients add sizes and durations that we do not need. */
export const attachmentParam = Type.Object(
  {
    type: Type.Optional(Type.String()),
    mimeType: Type.Optional(Type.String()),
    fileName: Type.Optional(Type.String()),
    content: Type.Optional(Type.Unknown({ description: "base64, with or without a data: prefix" })),
  },
  { additionalProperties: true },
);

/** Decoded size of one attachment (protocol.md 1.3). */
export const attachmentLimits = { maxBytes: 19_464_192, maxImageBytes: 6_291_456, maxCount: 16 } as const;

const dataPrefix = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.-]+)*;base64,/;
const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Throws request.invalid or request.too-large; the position of the bad one is in the message. */
export function readAttachments(raw: readonly Static<typeof attachmentParam>[] | undefined): Attachment[] {
  const list = raw ?? [];
  if (list.length > attachmentLimits.maxCount) throw fault("request.invalid", { reason: `at most ${attachmentLimits.maxCount} attachments` });
  return list.map((item, index) => {
    if (typeof item.content !== "string" || item.content === "") throw fault("request.invalid", { reason: `attachment ${index + 1}: content must be base64 text` });
    const prefix = dataPrefix.exec(item.content);
    const content = (prefix ? item.content.slice(prefix[0].length) : item.content).replace(/\s+/g, "");
    if (!base64Text.test(content)) throw fault("request.invalid", { reason: `attachment ${index + 1}: invalid base64` });
    const mimeType = item.mimeType ?? prefix?.[1] ?? "application/octet-stream";
    const sizeBytes = Math.floor((content.replace(/=+$/, "").length * 3) / 4);
    const limitBytes = mimeType.startsWith("image/") ? attachmentLimits.maxImageBytes : attachmentLimits.maxBytes;
    if (sizeBytes > limitBytes) throw fault("request.too-large", { limitBytes, attachment: index + 1 });
    return { mimeType, content, ...(item.type === undefined ? {} : { type: item.type }), ...(item.fileName === undefined ? {} : { fileName: item.fileName }) };
  });
}
