// What the page keeps in the browser. Storage may be full or switched off, or hold what another version wrote: then the
// page works without it.

const MOST = 10; // values under one key, so that they do not grow forever
const OWN = ["draft", "edits", "pending", "waiting"].map((name) => `askme.${name}`); // what a person has typed
const PERSON = "askme.person"; // whose it is; empty for a guest

export function load(storage, key) {
  try {
    return JSON.parse(window[storage].getItem(key));
  } catch {
    return null;
  }
}

// `null` removes it. Returns whether it is stored.
export function save(storage, key, value) {
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
  #at; // the storage and the key

  constructor(storage, key) {
    this.#at = [storage, key];
  }

  get all() { return { ...load(...this.#at) }; }

  get(id) { return this.all[id] ?? null; }

  set(id, value) {
    const { [id]: _, ...others } = this.all;
    const kept = Object.entries(value === null ? others : { ...others, [id]: value }).slice(-MOST);
    return save(...this.#at, kept.length ? Object.fromEntries(kept) : null);
  }
}

// Nobody sees what another person typed in this browser. What a guest typed stays after logging in.
export function forgetOthers(person) {
  for (const storage of ["sessionStorage", "localStorage"]) {
    const last = load(storage, PERSON);
    if (last && last !== person) for (const key of OWN) save(storage, key, null);
    if (last !== person) save(storage, PERSON, person);
  }
}

export const edits = new Entries("sessionStorage", "askme.edits"); // texts, by the id of the answer whose question is edited
