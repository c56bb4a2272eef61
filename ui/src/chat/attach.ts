// Files a person attaches, read into what chat.send takes; what is too large is refused with the limit.
import { bytes } from "../parts/format.ts";
import type { Attachment } from "./outbox.ts";

export interface AttachLimits {
  maxBytes: number;
  maxImageBytes: number;
}

export async function readFiles(files: Iterable<File>, limits: AttachLimits): Promise<{ read: Attachment[]; refused: string[] }> {
  const read: Attachment[] = [];
  const refused: string[] = [];
  for (const file of files) {
    const limit = file.type.startsWith("image/") ? limits.maxImageBytes : limits.maxBytes;
    if (file.size > limit) refused.push(`${file.name} has ${bytes(file.size)}; the gateway takes ${bytes(limit)}.`);
    else read.push({ fileName: file.name || "pasted", mimeType: file.type || "application/octet-stream", content: base64(new Uint8Array(await file.arrayBuffer())), sizeBytes: file.size });
  }
  return { read, refused };
}

const stepBytes = 0x8000;

function base64(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += stepBytes) text += String.fromCharCode(...data.subarray(at, at + stepBytes));
  return btoa(text);
}
