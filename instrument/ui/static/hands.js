// Hands on the map: press and drag, draw a path, and the same by keyboard.

import { byId, described } from "./words.js";

const ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const DRAGGED = 90; // velocity
const MOVES = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove"; // a screen's frame sooner, or not
const SHORTEST_MS = 500; // a click is heard at least so long

export class Hands {
  /** @param notes - takes what is played. @param plays - whether a note is held, by whomever. */
  constructor(map, wire, notes, plays) {
    Object.assign(this, { map, wire, notes, plays });
    this.area = byId("map");
    this.sounding = null;
    this.drawing = false;
    this.speaks = false;
    this.area.addEventListener("pointerdown", (event) => this.down(event));
    this.area.addEventListener(MOVES, (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.area.addEventListener(end, (event) => this.up(event));
    }
    this.area.addEventListener("keydown", (event) => this.keyDown(event));
    this.area.addEventListener("keyup", (event) => event.key === "Enter" && this.unstrike());
    this.area.addEventListener("blur", () => {
      this.silence();
      this.unstrike();
    });
    byId("draw").addEventListener("click", () => {
      this.toggle(!this.drawing);
      if (!this.drawing) this.follow();
    });
    byId("loops").addEventListener("change", () => this.map.path.length && this.follow());
    byId("rest").addEventListener("click", () => wire.send("rest"));
  }

  /** Say where the cursor is, after a step by keyboard. */
  show(state) {
    const note = this.map.points[state.point ?? state.nearest];
    const text = described(note);
    if (this.speaks && state.point !== null) byId("said").textContent = text;
    if (!state.moving && this.pointer === undefined) {
      this.area.setAttribute("aria-label", `Map of the notes it learned from, at ${text}`);
    }
    if (this.drawing && this.speaks) this.traceStep(state);
    byId("rest").disabled = !state.moving;
    if (!state.moving && !this.drawing && this.pointer === undefined) this.map.path = [];
  }

  // --- pointer -------------------------------------------------------------------------------

  down(event) {
    if (this.pointer !== undefined || event.button !== 0) return;
    this.pointer = event.pointerId;
    this.at = [event.offsetX, event.offsetY];
    this.area.setPointerCapture(event.pointerId);
    this.speaks = false;
    const own = this.map.ownAt(event.offsetX, event.offsetY);
    const point = this.map.pointAt(event.offsetX, event.offsetY);
    if (this.drawing) {
      this.begun = event.timeStamp;
      this.map.path = [];
      this.trace(event);
    } else if (own) {
      this.recall(own);
    } else if (point !== null) {
      this.play(point);
    } else {
      this.drag(event);
      if (byId("sound").checked && !this.plays()) this.sound(this.map.state.key, DRAGGED);
    }
  }

  move(event) {
    if (this.pointer === undefined) this.area.title = this.map.ownAt(event.offsetX, event.offsetY)?.name ?? "";
    if (event.pointerId !== this.pointer) return;
    if (this.drawing) this.trace(event);
    else if (this.hasMoved(event)) this.drag(event);
  }

  /** Whether it is elsewhere than before; WebKit before iOS 17 doesn't say by how much. */
  hasMoved({ offsetX, offsetY }) {
    const [x, y] = this.at;
    this.at = [offsetX, offsetY];
    return offsetX !== x || offsetY !== y;
  }

  up(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.map.cursor = null;
    this.silence();
    if (this.drawing) {
      this.toggle(false);
      this.follow();
    }
    const { state, points } = this.map;
    if (state) byId("said").textContent = described(points[state.point ?? state.nearest]);
    this.map.draw();
  }

  drag(event) {
    const [x, y] = this.map.toPlace(event.offsetX, event.offsetY);
    this.map.cursor = [x, y];
    this.wire.soon("move", { x, y });
    this.map.draw();
  }

  /** Go to a note, and play it as long as it is held, but not shorter than can be heard. */
  play(index) {
    const note = this.map.points[index];
    this.wire.send("point", { point: index });
    this.sound(note.midi, note.velocity);
  }

  /** Go to a preset, and play the note that it was made from, or the last one. */
  recall({ name, note }) {
    this.wire.send("recall", { name });
    const [key, velocity] = note ?? [this.map.state.key, DRAGGED];
    this.sound(key, velocity);
  }

  sound(key, velocity) {
    this.silence(true);
    this.sounding = { key, since: performance.now(), holds: this.notes.press(key, velocity) };
  }

  silence(now = false) {
    if (!this.sounding) return;
    const { key, since, holds } = this.sounding;
    this.sounding = null;
    const rest = now ? 0 : SHORTEST_MS - (performance.now() - since);
    setTimeout(() => this.notes.release(key, holds), Math.max(rest, 0));
  }

  /** Let what sounds now go in a while, unless something else sounds then. */
  silenceIn(ms) {
    const { sounding } = this;
    setTimeout(() => this.sounding === sounding && this.silence(), ms);
  }

  /** End the note that Enter began. */
  unstrike() {
    const { struck } = this;
    if (struck === undefined) return;
    this.struck = undefined;
    const rest = SHORTEST_MS - (performance.now() - struck);
    setTimeout(() => this.struck ?? this.wire.send("strike", { down: false }), Math.max(rest, 0));
  }

  // --- a path --------------------------------------------------------------------------------

  toggle(drawing) {
    this.drawing = drawing;
    byId("draw").setAttribute("aria-pressed", drawing);
    if (drawing) this.map.path = [];
  }

  /** Steps by keyboard draw, too. */
  traceStep({ x, y }) {
    const { path } = this.map;
    if (path.length === 0) this.begun = performance.now();
    const [, beforeX, beforeY] = path.at(-1) ?? [];
    if (x !== beforeX || y !== beforeY) path.push([(performance.now() - this.begun) / 1000, x, y]);
  }

  trace(event) {
    const [x, y] = this.map.toPlace(event.offsetX, event.offsetY);
    this.map.path.push([(event.timeStamp - this.begun) / 1000, x, y]);
    this.map.cursor = [x, y];
    this.map.draw();
  }

  follow() {
    const { path } = this.map;
    const every = Math.ceil(path.length / 1500);
    const places = path.filter((_, i) => i % every === 0 && path[i][0] <= 120);
    const round = (value) => Math.round(value * 1e4) / 1e4;
    if (places.length > 1) {
      this.wire.send("path", { path: places.map((at) => at.map(round)), loops: byId("loops").value === "loop" });
    }
  }

  /** A path that is followed, drawn here or on another page. */
  take(path) {
    if (!this.drawing && this.pointer === undefined) this.map.path = path;
  }

  // --- keyboard ------------------------------------------------------------------------------

  keyDown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const direction = ARROWS[event.key];
    if (direction) {
      this.speaks = true;
      this.wire.send("step", { direction });
    } else if (event.key === "Enter" && !event.repeat) {
      this.struck = performance.now();
      this.wire.send("strike", { down: true });
    } else if (event.key !== "Enter") {
      return;
    }
    event.preventDefault();
  }
}
