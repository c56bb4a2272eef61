// Files a person attaches, read into what chat.send takes; what is too large is refused with the limit.
import { bytes } from "../parts/format.ts";
import type { UserItem } from "./messages.ts";
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

/** What a message carried, as far as the history has it, to be sent along when it is said again. */
export function attachmentsOf({ pictures, files }: UserItem): Attachment[] {
  const images = pictures.flatMap(({ url, name }): Attachment[] => {
    const [, mimeType, content] = /^data:([\w/+.-]+);base64,(.+)$/.exec(url) ?? [];
    return mimeType === undefined || content === undefined ? [] : [{ fileName: name, mimeType, content, sizeBytes: Math.floor((content.length * 3) / 4) }];
  });
  const texts = files.flatMap(({ name, text }): Attachment[] => {
    if (text === undefined) return [];
    const data = new TextEncoder().encode(text);
    return [{ fileName: name, mimeType: "text/plain", content: base64(data), sizeBytes: data.length }];
  });
  return [...images, ...texts];
}

const stepBytes = 0x8000;

function base64(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += stepBytes) text += String.fromCharCode(...data.subarray(at, at + stepBytes));
  return btoa(text);
}
