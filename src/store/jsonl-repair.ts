// The torn end of an append-only file: what a crash in the middle of a write leaves, cut off and saved aside.
import type { Disk, DiskFile } from "./disk.ts";

export interface Repair {
  /** Bytes of the good prefix, which is kept as it is. */
  keptBytes: number;
  /** Where the cut-off bytes were saved. */
  savedAs?: string;
  cutBytes: number;
  /** The last line is whole and lacks only its line end. */
  lacksNewline: boolean;
}

const NEWLINE = 0x0a;
const FIRST_CHUNK_BYTES = 65_536;

/** Looks at the last line only, however long the file is; `suffix` names the file for what is cut off. */
export async function repairTail(disk: Disk, file: DiskFile, suffix: () => string): Promise<Repair> {
  const sizeBytes = await file.sizeBytes();
  const tail = await readUnterminated(file, sizeBytes);
  if (tail.length === 0) return { keptBytes: sizeBytes, cutBytes: 0, lacksNewline: false };
  if (isJsonObject(tail)) return { keptBytes: sizeBytes, cutBytes: 0, lacksNewline: true };
  const savedAs = `${file.path}.torn.${suffix()}`;
  await save(disk, savedAs, tail);
  const keptBytes = sizeBytes - tail.length;
  await file.truncate(keptBytes);
  await file.sync();
  return { keptBytes, savedAs, cutBytes: tail.length, lacksNewline: false };
}

/** The bytes after the last line end. */
async function readUnterminated(file: DiskFile, sizeBytes: number): Promise<Buffer> {
  for (let length = Math.min(FIRST_CHUNK_BYTES, sizeBytes); ; length = Math.min(length * 4, sizeBytes)) {
    const chunk = await file.read(sizeBytes - length, length);
    const newline = chunk.lastIndexOf(NEWLINE);
    if (newline >= 0) return chunk.subarray(newline + 1);
    if (length === sizeBytes) return chunk;
  }
}

async function save(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const aside = await disk.open(path, "append");
  try {
    await aside.append(bytes);
    await aside.sync();
  } finally {
    await aside.close();
  }
}

function isJsonObject(bytes: Buffer): boolean {
  return parseLine(bytes.toString()) !== undefined;
}

/** The object on a line; undefined when the line holds none. */
export function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) /* checked on this line */ : undefined;
  } catch {
    return undefined; // an unreadable line is a value here, not a failure
  }
}
