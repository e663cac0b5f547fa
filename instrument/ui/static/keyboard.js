// The keyboard: mouse, touch, and the letters of a computer's keyboard.

import { asking } from "./ask.js";
import { byId, make, pitch } from "./words.js";

const BLACK = new Set([1, 3, 6, 8, 10]);
const LETTERS = [..."AWSEDFTGYHUJK"].map(codeOf); // by where they lie: what they type differs from country to country
const [SOFTEST, LOUDEST, BY_LETTER] = [24, 124, 92];
const NARROWEST = 25; // pixels of a white key
const CLICKED_MS = 1000;

export class Keyboard {
  /** @param notes - takes what is played. */
  constructor(hello, notes) {
    this.notes = notes;
    [this.low, this.high] = hello.range;
    this.element = byId("keyboard");
    this.base = 12 * Math.round((this.low + this.high - 12) / 24);
    this.first = this.base; // of what is shown where there isn't room for all
    this.keys = new Map();
    this.fingers = new Map(); // pointer → key
    this.letters = new Map(); // what is pressed, whatever it types → key
    this.held = new Set();
    this.focused = this.base;
    byId("lower").addEventListener("click", () => this.shift(-12));
    byId("higher").addEventListener("click", () => this.shift(12));
    byId("hold").addEventListener("click", (event) => this.hold(event.currentTarget));
    this.element.addEventListener("pointerdown", (event) => this.down(event));
    this.element.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.element.addEventListener(end, (event) => this.up(event));
    }
    this.element.addEventListener("click", (event) => this.click(event));
    this.element.addEventListener("keydown", (event) => this.step(event));
    this.element.addEventListener("keyup", (event) => this.stepUp(event));
    document.addEventListener("keydown", (event) => this.letterDown(event));
    document.addEventListener("keyup", (event) => this.letterUp(event));
    window.addEventListener("contextmenu", () => this.releaseAll(this.letters)); // which takes their ends
    window.addEventListener("blur", () => [this.fingers, this.letters].forEach((all) => this.releaseAll(all)));
    new ResizeObserver(() => this.lay()).observe(this.element);
    nameLetters();
  }

  // --- notes ---------------------------------------------------------------------------------

  press(key, velocity) {
    if (this.holding && this.held.has(key)) {
      this.held.delete(key);
      this.notes.release(key);
      return;
    }
    if (this.holding) this.held.add(key);
    this.notes.press(key, velocity);
  }

  release(key) {
    if (!this.held.has(key)) this.notes.release(key);
  }

  releaseAll(pressed) {
    const keys = [...pressed.values()];
    pressed.clear();
    keys.forEach((key) => this.release(key));
  }

  hold(button) {
    this.holding = !this.holding;
    button.setAttribute("aria-pressed", this.holding);
    if (this.holding) return;
    const held = [...this.held];
    this.held.clear();
    held.forEach((key) => this.release(key));
  }

  forget() {
    this.held.clear();
    this.fingers.clear();
    this.letters.clear();
  }

  show(held, sounding) {
    for (const [key, element] of this.keys) {
      element.classList.toggle("down", held.has(key));
      element.classList.toggle("sounds", sounding.has(key));
      element.setAttribute("aria-pressed", held.has(key));
    }
  }

  // --- the keys ------------------------------------------------------------------------------

  /** Lay out as many keys as there is room for. */
  lay() {
    const room = Math.max(Math.floor(this.element.clientWidth / NARROWEST), 8);
    let from = this.low;
    if (whites(this.low, this.high) > room) {
      from = Math.min(Math.max(this.first, this.low), this.high - 12);
      while (from > this.low && whites(from - 1, this.high) <= room) from--;
    }
    while (BLACK.has(from % 12)) from--;
    let to = from;
    while (to < this.high && whites(from, to + 1) <= room) to++;
    if (BLACK.has(to % 12)) to += to < this.high || whites(from, to) < room ? 1 : -1;
    const share = 100 / whites(from, to);
    this.keys.clear();
    let left = 0;
    for (let key = from; key <= to; key++) {
      const black = BLACK.has(key % 12);
      const element = make("button", {
        type: "button", className: black ? "key black" : "key", tabIndex: -1,
        textContent: key % 12 === 0 ? pitch(key) : "",
      });
      element.dataset.key = key;
      element.setAttribute("aria-label", pitch(key));
      element.style.left = `${black ? left - 0.3 * share : left}%`;
      element.style.width = `${black ? 0.6 * share : share}%`;
      if (!black) left += share;
      this.keys.set(key, element);
    }
    const hadFocus = this.element.contains(document.activeElement);
    this.element.replaceChildren(...this.keys.values());
    if (!this.keys.has(this.focused)) this.focused = from;
    this.keys.get(this.focused).tabIndex = 0;
    if (hadFocus) this.keys.get(this.focused).focus({ preventScroll: true });
  }

  shift(by) {
    this.base = Math.min(Math.max(this.base + by, 24), 96);
    this.first = Math.min(Math.max(this.base, this.low), this.high - 12);
    this.lay();
  }

  // --- pointers ------------------------------------------------------------------------------

  under(event) {
    const element = document.elementFromPoint(event.clientX, event.clientY)?.closest(".key");
    if (!element) return null;
    const { top, height } = element.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientY - top) / height, 0), 1);
    return [Number(element.dataset.key), Math.round(SOFTEST + share * (LOUDEST - SOFTEST))];
  }

  down(event) {
    const found = this.under(event);
    if (!found || event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, found[0]);
    this.press(...found);
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    const found = before === undefined || this.holding ? null : this.under(event);
    if (!found || found[0] === before) return;
    this.press(...found);
    this.release(before);
    this.fingers.set(event.pointerId, found[0]);
  }

  up(event) {
    const key = this.fingers.get(event.pointerId);
    if (key === undefined) return;
    this.fingers.delete(event.pointerId);
    this.release(key);
  }

  // --- letters, and keys by the arrows -------------------------------------------------------

  letterDown(event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (asking() || typing(event.target)) return;
    const code = event.code || codeOf(event.key);
    if (code === "KeyZ") this.shift(-12);
    if (code === "KeyX") this.shift(12);
    const place = LETTERS.indexOf(code);
    if (place >= 0) this.pressed(code, this.base + place);
  }

  letterUp(event) {
    // A Mac doesn't tell that letters come up while Command is down.
    if (event.key === "Meta") this.releaseAll(this.letters);
    else this.lifted(event.code || codeOf(event.key));
  }

  pressed(code, key) {
    this.lifted(code); // nobody presses what is down: that it came up was lost
    this.letters.set(code, key);
    this.press(key, BY_LETTER);
  }

  lifted(code) {
    const key = this.letters.get(code);
    if (key === undefined) return;
    this.letters.delete(code);
    this.release(key);
  }

  /** Who asks a screen reader, or says a key's name, presses it without a pointer. */
  click(event) {
    const key = Number(event.target.closest(".key")?.dataset.key);
    if (event.detail !== 0 || Number.isNaN(key)) return;
    this.press(key, BY_LETTER);
    const { holds } = this.notes;
    setTimeout(() => this.held.has(key) || this.notes.release(key, holds), CLICKED_MS);
  }

  step(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key];
    if (by !== undefined && this.keys.has(this.focused + by)) {
      this.keys.get(this.focused).tabIndex = -1;
      this.focused += by;
      this.keys.get(this.focused).tabIndex = 0;
      this.keys.get(this.focused).focus();
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === " ") && !event.repeat) {
      this.pressed(event.code, Number(event.target.dataset.key));
      event.preventDefault();
    }
  }

  stepUp(event) {
    if (event.key === "Enter" || event.key === " ") event.preventDefault();
  }
}

function whites(from, to) {
  let count = 0;
  for (let key = from; key <= to; key++) count += !BLACK.has(key % 12);
  return count;
}

function codeOf(letter) {
  return `Key${String(letter).toUpperCase()}`;
}

/** Say which letters play by what is written on them, where a browser tells. */
async function nameLetters() {
  const written = await navigator.keyboard?.getLayoutMap().catch(() => undefined);
  const name = (letter) => (written?.get(codeOf(letter)) ?? letter).toUpperCase();
  byId("letters-help").textContent = `Letters ${name("A")} to ${name("K")} play, ${name("Z")} and ${name("X")} `
    + "change the octave; lower on a key is louder.";
}

function typing(target) {
  return target.matches?.("input[type=text], select, textarea");
}
