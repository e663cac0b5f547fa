// The notes of this page: a key that is held in two ways sounds until both let it go.

export class Notes {
  constructor(wire) {
    this.wire = wire;
    this.holds = new Map();
  }

  /** Press a key; what this gives is for its release, if that may come after all was silenced. */
  press(key, velocity) {
    this.holds.set(key, (this.holds.get(key) ?? 0) + 1);
    this.wire.send("note", { key, velocity });
    return this.holds;
  }

  release(key, holds = this.holds) {
    if (holds !== this.holds) return;
    const left = (this.holds.get(key) ?? 0) - 1;
    if (left > 0) {
      this.holds.set(key, left);
    } else if (left === 0) {
      this.holds.delete(key);
      this.wire.send("note", { key, velocity: 0 });
    }
  }

  forget() {
    this.holds = new Map();
  }
}
