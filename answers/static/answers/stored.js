// What the page keeps in the browser. Storage may be full or switched off, or hold what another version wrote: then the
// page works without it.

const MOST = 10; // values under one key, so that they do not grow forever
const OWN = ["draft", "edits", "pending", "waiting"].map((name) => `askme.${name}`); // what a person has typed
const PERSON = "askme.person"; // whose it is; empty for a guest

export function load(key, storage = "localStorage") {
  try {
    return JSON.parse(window[storage].getItem(key));
  } catch {
    return null;
  }
}

// `null` removes it. Returns whether it is stored.
export function save(key, value, storage = "localStorage") {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

// Values by id. The oldest are dropped.
export class Entries {
  #key;
  #storage;

  constructor(key, storage = "sessionStorage") {
    [this.#key, this.#storage] = [key, storage];
  }

  get all() { return { ...load(this.#key, this.#storage) }; }

  get(id) { return this.all[id] ?? null; }

  set(id, value) {
    const { [id]: _, ...others } = this.all;
    const kept = Object.entries(value === null ? others : { ...others, [id]: value }).slice(-MOST);
    return save(this.#key, kept.length ? Object.fromEntries(kept) : null, this.#storage);
  }
}

// Nobody sees what another person typed in this browser. What a guest typed stays after logging in.
export function forgetOthers(person) {
  for (const storage of ["sessionStorage", "localStorage"]) {
    const last = load(PERSON, storage);
    if (last && last !== person) for (const key of OWN) save(key, null, storage);
    if (last !== person) save(PERSON, person, storage);
  }
}

// By the id of an answer
export const edits = new Entries("askme.edits"); // texts of its question while it is edited
export const waiting = new Entries("askme.waiting"); // the question that waits for it
