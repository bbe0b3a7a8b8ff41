/**
 * Keeps the picture of a form across a reload of its tab, in IndexedDB: a photograph is larger than
 * sessionStorage. A browser that forbids it loses the picture, not the page.
 */
import { isRecord, textOf } from '../shared/api/json';
import type { Picture } from './picture';

const DATABASE = 'atelier';
const STORE = 'pictures';
const LONGEST_MILLISECONDS = 24 * 3600 * 1000;

/** The picture that was kept under a key; null if there is none. */
export async function keptPicture(key: string): Promise<Picture | null> {
  const found = await inStore('readonly', (store) => store.get(key)).catch(() => null);
  if (!isRecord(found) || !(found.file instanceof Blob)) return null;
  const { file, width, height } = found;
  return { file, name: textOf(found.name), width: Number(width), height: Number(height) };
}

/** Keeps a picture, or forgets it with null; also forgets those of tabs that are long closed. */
export async function keepPicture(key: string, picture: Picture | null): Promise<void> {
  const now = Date.now();
  await inStore('readwrite', (store) => {
    forgetOld(store, now);
    return picture ? store.put({ ...picture, at: now }, key) : store.delete(key);
  }).catch(() => {});
}

function forgetOld(store: IDBObjectStore, now: number): void {
  const cursor = store.openCursor();
  cursor.onsuccess = () => {
    const entry = cursor.result;
    if (!entry) return;
    const old = !isRecord(entry.value) || now - Number(entry.value.at) > LONGEST_MILLISECONDS;
    if (old) entry.delete();
    entry.continue();
  };
}

function inStore(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => { readonly result: unknown },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // Where there is none at all, this throws, which rejects as well.
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
      database.close();
    };
  });
}
