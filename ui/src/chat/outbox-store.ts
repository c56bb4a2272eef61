// Keeps the outbox in IndexedDB, so that what was said offline survives a reload; without IndexedDB it lives as long as the page.
import type { OutboxStore, Sent } from "./outbox.ts";

const databaseName = "openclaw-outbox";
const storeName = "entries";

export function createOutboxStore(): OutboxStore {
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> => (opened ??= open());
  return {
    async load() {
      const entries = await done((await database()).transaction(storeName).objectStore(storeName).get("all"));
      return Array.isArray(entries) ? (entries as Sent[]) : []; // written below and nowhere else
    },
    async save(entries) {
      await done((await database()).transaction(storeName, "readwrite").objectStore(storeName).put(entries, "all"));
    },
  };
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(storeName));
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", (event) => {
      event.preventDefault();
      reject(request.error ?? new Error("the browser's storage failed"));
    });
  });
}
